// n-gram models: tokens a second and core in training and scoring, memory, and how well perplexity tells noise from
// text. npx tsx scripts/bench/ngram.ts [--json] [--mb 20] [--split bytes] [--order 6] [--prune 0,0,1] [--memory 256]
// [--save model.arpa] Text: a sample of mixed/, half of its groups (without the noise) for training, the others for
// scoring. CPU time; scoring the median of 5.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decompress } from 'fzstd';
import { ngramScorer, ngramTrainer, writeArpa, writeNgram } from '../../src/models/ngram/index.ts';
import { perplexities, type Scores } from '../../src/models/scorers/scorer.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { benchmarkLines, corporaFolder, jsonParseSeconds, median } from './corpus.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean' },
    mb: { type: 'string' },
    split: { type: 'string' },
    order: { type: 'string' },
    prune: { type: 'string' },
    memory: { type: 'string' },
    save: { type: 'string' },
  },
});

interface Sample {
  readonly text: string;
  readonly metadata: { readonly domain: string; readonly group?: string };
}

/** Documents evenly from the first file of each domain. */
function sample(bytes: number): Buffer {
  const folder = corporaFolder();
  if (folder === null) return benchmarkLines(bytes).lines;
  const files = readdirSync(join(folder, 'mixed')).filter((f) => f.endsWith('-00.jsonl.zst'));
  return Buffer.concat(
    files.flatMap((file) => {
      const all = Buffer.from(decompress(readFileSync(join(folder, 'mixed', file))));
      const step = Math.max(1, Math.round((all.length * files.length) / bytes));
      const out: Buffer[] = [];
      for (let at = 0, i = 0; at < all.length; i++) {
        const end = all.indexOf(10, at) + 1;
        if (i % step === 0) out.push(all.subarray(at, end));
        at = end;
      }
      return out;
    }),
  );
}

/** Documents of both halves of the corpus; groups (books, articles) never stand in both. */
function halves(bytes: number): { lines: Buffer; train: Sample[]; score: Sample[] } {
  const lines = sample(bytes);
  const records = lines
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((l) => JSON.parse(l) as Sample);
  const groups = new Map<string, number>();
  const side = ({ metadata: { group = '' } }: Sample): number => {
    const number = groups.get(group) ?? groups.size % 2;
    groups.set(group, number);
    return number;
  };
  const sides = records.map(side);
  return {
    lines,
    train: records.filter((r, i) => sides[i] === 0 && r.metadata.domain !== 'web_noise'),
    score: records.filter((_, i) => sides[i] === 1),
  };
}

function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Chance that a document of the first list has the greater value. */
function areaUnderCurve(high: readonly number[], low: readonly number[]): number {
  const all = [...high.map((v) => [v, 1]), ...low.map((v) => [v, 0])].sort((a, b) => a[0] - b[0]);
  let ranks = 0;
  all.forEach(([, isHigh], i) => {
    if (isHigh === 1) ranks += i + 1;
  });
  return (ranks - (high.length * (high.length + 1)) / 2) / (high.length * low.length);
}

const { lines, train, score } = halves(Number(options.mb ?? 20) * 1e6);
const baseline = median([1, 2, 3].map(() => jsonParseSeconds(lines).seconds)) / lines.length;
const split = options.split === 'words' ? 'words' : 'bytes';
const order = options.order === undefined ? undefined : Number(options.order);
const prune = options.prune?.split(',').map(Number);
const memoryBytes = Number(options.memory ?? 256) * 1e6;
const documents = train.map((r) => new TextEncoder().encode(r.text));
const before = process.memoryUsage().rss;
const trainer = ngramTrainer({ split, order, prune, memoryBytes });
const counting = cpuSeconds(() => {
  for (const d of documents) trainer.add(d);
});
let made: ReturnType<typeof trainer.finish> | undefined;
const estimating = cpuSeconds(() => {
  made = trainer.finish();
});
const model = made as NonNullable<typeof made>;
const trainPeak = process.resourceUsage().maxRSS * 1024;
const scorer = ngramScorer(model, '');
const column = utf8Column(score.map((r) => r.text));
let scores = scorer.score(column) as Scores;
const tokens = scores.tokens.reduce((a, b) => a + b, 0);
const scoring = median(
  [1, 2, 3, 4, 5].map(() =>
    cpuSeconds(() => {
      scores = scorer.score(column) as Scores;
    }),
  ),
);
const { perplexity, bitsPerByte } = perplexities(scores);
const of = (values: Float64Array, noise: boolean): number[] =>
  [...values].filter((v, i) => !Number.isNaN(v) && (score[i].metadata.domain === 'web_noise') === noise);
const { trie, origin } = model;
const result = {
  split,
  order: trie.order,
  prune: origin.prune.join(','),
  trainTokens: origin.tokens,
  trainTokensPerSecond: Math.round(origin.tokens / (counting + estimating)),
  countSeconds: Number(counting.toFixed(2)),
  estimateSeconds: Number(estimating.toFixed(2)),
  ngrams: trie.token.length,
  modelMegabytes: Number((scorer.memoryBytes / 1e6).toFixed(1)),
  trainingMegabytes: Number(((trainPeak - before) / 1e6).toFixed(0)),
  scoreTokens: tokens,
  scoreTokensPerSecond: Math.round(tokens / scoring),
  scoreMegabytesPerSecond: Number((column.values.length / 1e6 / scoring).toFixed(1)),
  ratioToJsonParse: Number((baseline / (scoring / column.values.length)).toFixed(3)),
  noiseAuc: Number(areaUnderCurve(of(perplexity, true), of(perplexity, false)).toFixed(3)),
  noiseAucBits: Number(areaUnderCurve(of(bitsPerByte, true), of(bitsPerByte, false)).toFixed(3)),
  bitsPerByte: Number(
    (
      of(scores.nllSum, false).reduce((a, b) => a + b, 0) /
      Math.LN2 /
      score.reduce((n, r) => n + (r.metadata.domain === 'web_noise' ? 0 : Buffer.byteLength(r.text)), 0)
    ).toFixed(3),
  ),
};
if (options.save) await (options.save.endsWith('.arpa') ? writeArpa : writeNgram)(options.save, model);
if (options.json) console.log(JSON.stringify(result));
else {
  console.log(corporaFolder() === null ? 'text of node_modules' : 'mixed corpus');
  for (const [name, value] of Object.entries(result)) console.log(`${name.padEnd(26)} ${value}`);
}

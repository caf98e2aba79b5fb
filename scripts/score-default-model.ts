// How well does a model tell text from the same text spoilt? npm run score:model -- <model folder> [--json] [--input GLOB]... [--most 300] [--longest 4096]
// [--ngram-mb 100] [--jobs 2]
// Noise: kinds of web_noise with the clean documents they were made from (metadata.from), and two kinds made here; only where the model was
// trained neither on the document nor on its group (trained-on.bin). n-gram models are trained on what the model was trained on.
// (markov_gibberish has no known source and may babble what was trained on, which helps it against every model alike.) The direction
// is fixed before: the higher value is the noise. 0.5 is guessing, below 0.5 the noise looks cleaner than the text.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { openInThread } from '../src/models/executors/thread.ts';
import { neuralScorer } from '../src/models/neural-scorer.ts';
import { type NgramModel, ngramScorer, trainNgram } from '../src/models/ngram/index.ts';
import { bitsPerByteOf, perplexities, type Scorer } from '../src/models/scorer.ts';
import { loadScoringModel, modelFolderInfo } from '../src/models/scoring-model.ts';
import { readTrainedOn } from '../src/models/trained-on.ts';
import { seededRandom } from '../src/random.ts';
import { utf8Column } from '../src/streams/columns.ts';
import { areaUnderCurve, intervalOf } from './area-under-curve.ts';
import { corporaFolder } from './bench-corpus.ts';
import { type CorpusDocument, corpusDocuments, firstBytes, inParts, say } from './corpus-documents.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean' },
    input: { type: 'string', multiple: true },
    most: { type: 'string', default: '300' },
    jobs: { type: 'string', default: '2' },
    longest: { type: 'string', default: '4096' },
    'ngram-mb': { type: 'string', default: '100' },
  },
});
const [folder] = positionals;
const corpora = corporaFolder();
const input = options.input ?? (corpora ? [join(corpora, 'mixed', '*.jsonl.zst')] : []);
if (!folder || input.length === 0) {
  console.error('expected a model folder, and --input or the test corpora.');
  process.exit(2);
}
const info = modelFolderInfo(folder);
if (info.trainedOn === null) {
  console.error(`expected trained-on.bin in ${folder}: without it nobody knows what the model has not seen.`);
  process.exit(2);
}
const trainedOn = await readTrainedOn(info.trainedOn.list);
const all = await corpusDocuments(input);
const isTrainedOn = (d: CorpusDocument): boolean => trainedOn.has(d.group) || trainedOn.has(d.hash);
const training = all.filter((d) => d.noise === null && d.domain !== 'web_noise' && trainedOn.has(d.hash));
assert(training.length > 0, 'the input has documents that the model was trained on');
const domains = new Set(training.map((d) => d.domain));
/** Bytes of a document that are scored; most documents have fewer. */
const LONGEST = Number(options.longest);
const cut = (text: string): string => Buffer.from(firstBytes(Buffer.from(text), LONGEST)).toString('utf8');

/** Noise beside its clean twin; null where the noise has no known source. */
interface Pair {
  readonly clean: string | null;
  readonly noise: string;
}
/** Pieces of 512 bytes; a rest of less than 128 belongs to the piece before it. */
function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.length - at < 640 ? bytes.length : at + 512;
    out.push(bytes.subarray(at, end));
    at = end;
  }
  return out;
}
const { below, uniform } = seededRandom(1, 'pairs');
const shuffled = <T>(items: readonly T[]): T[] => {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
};
const most = Number(options.most);
/** Documents of the domains trained on that the model has not seen. */
const fresh = shuffled(all.filter((d) => d.noise === null && domains.has(d.domain) && !isTrainedOn(d))).slice(0, most);
const byId = new Map(all.map((d) => [d.id, d]));
const kinds = new Map<string, Pair[]>();
for (const kind of ['spun_text', 'markov_gibberish', 'missing_spaces', 'article_in_boilerplate', 'word_salad']) {
  const pairs = all.flatMap((d): Pair[] => {
    if (d.noise !== kind || isTrainedOn(d)) return [];
    if (d.from === null) return kind === 'markov_gibberish' ? [{ clean: null, noise: cut(d.text) }] : [];
    const source = byId.get(d.from);
    return source && !isTrainedOn(source) && domains.has(source.domain)
      ? [{ clean: cut(source.text), noise: cut(d.text) }]
      : [];
  });
  if (pairs.length > 0) kinds.set(kind, pairs);
}
const WORDS = /[^ \n]+/g;
/** Each word with chance `rate` in the place of another one; line breaks and spaces stay. */
function wordsMoved(text: string, rate: number): string {
  const words = text.match(WORDS) ?? [];
  const moved = words.flatMap((_, i) => (uniform() < rate ? [i] : []));
  const to = shuffled(moved);
  const out = [...words];
  moved.forEach((from, i) => {
    out[to[i]] = words[from];
  });
  let at = 0;
  return text.replace(WORDS, () => out[at++]);
}
kinds.set(
  'made here: all words shuffled',
  fresh.map((d) => ({ clean: cut(d.text), noise: wordsMoved(cut(d.text), 1) })),
);
kinds.set(
  'made here: a fifth of the words shuffled',
  fresh.map((d) => ({ clean: cut(d.text), noise: wordsMoved(cut(d.text), 0.2) })),
);

const texts = [
  ...new Set([
    ...[...kinds.values()].flat().flatMap((p) => [p.clean ?? '', p.noise]),
    ...fresh.map((d) => cut(d.text)),
  ]),
].filter((t) => t !== '');
say(`${training.length} documents trained on, ${fresh.length} fresh ones, ${texts.length} texts to score`);

/** Values of texts. */
type Column = ReadonlyMap<string, number>;
/** Bits per byte of texts: of the whole text, of the same with a cache of the text itself, and of the 512 bytes of it that have most. */
interface Bits {
  readonly mean: Map<string, number>;
  readonly cached: Map<string, number>;
  readonly highest: Map<string, number>;
}
async function bitsUnder(scorer: Scorer, wanted: readonly string[]): Promise<Bits> {
  const bits: Bits = { mean: new Map(), cached: new Map(), highest: new Map() };
  for (const part of inParts(wanted, 64)) {
    const scores = await scorer.score(utf8Column(part));
    const { bitsPerByte } = perplexities(scores);
    part.forEach((text, i) => {
      bits.mean.set(text, bitsPerByte[i]);
      if (scores.cachedNllSum) bits.cached.set(text, bitsPerByteOf(scores.cachedNllSum[i], scores.bytes[i]));
      bits.highest.set(text, scores.bitsPerByteMax[i]);
    });
  }
  return bits;
}
async function ngram(split: 'bytes' | 'words', order: number): Promise<Bits> {
  let have = 0;
  const limit = Number(options['ngram-mb']) * 1e6;
  const part = shuffled(training).filter((d) => {
    const take = have < limit;
    have += take ? Buffer.byteLength(d.text) : 0;
    return take;
  });
  const model: NgramModel = await trainNgram(
    part.map((d) => d.text),
    { split, order },
  );
  say(`${order}-gram model over ${split}: ${(model.origin.textBytes / 1e6).toFixed(1)} MB`);
  return bitsUnder(ngramScorer(model, ''), texts);
}

const loaded = await loadScoringModel(info);
const threads = await Promise.all(
  Array.from({ length: Number(options.jobs) }, () => openInThread('onnxruntime-cpu', { threads: 1 })),
);
const scorers = await Promise.all(
  threads.map((executor) => neuralScorer({ ...loaded, name: info.name, hash: info.hash, start: info.start, executor })),
);
/** Bits under the model, by all threads. */
async function neuralBits(wanted: readonly string[]): Promise<Bits> {
  const before = process.cpuUsage();
  const parts = await Promise.all(
    scorers.map((scorer, k) =>
      bitsUnder(
        scorer,
        wanted.filter((_, i) => i % scorers.length === k),
      ),
    ),
  );
  const { user, system } = process.cpuUsage(before);
  const bytes = wanted.reduce((n, t) => n + Buffer.byteLength(t), 0);
  say(
    `${wanted.length} texts, ${(bytes / 1e6).toFixed(2)} MB, scored: ${((bytes * 1000) / (user + system)).toFixed(0)} kB a CPU-second`,
  );
  return {
    mean: new Map(parts.flatMap((p) => [...p.mean])),
    cached: new Map(parts.flatMap((p) => [...p.cached])),
    highest: new Map(parts.flatMap((p) => [...p.highest])),
  };
}
const neural = await neuralBits(texts);
const gzipRatio = (text: Uint8Array): number => gzipSync(text, { level: 9 }).length / text.length;
const gzip: Column = new Map(texts.map((t) => [t, gzipRatio(Buffer.from(t))]));
const gzipHighest: Column = new Map(texts.map((t) => [t, Math.max(...piecesOf(Buffer.from(t)).map(gzipRatio))]));
const bytes3 = await ngram('bytes', 3);
const words3 = await ngram('words', 3);
const words5 = await ngram('words', 5);
const bytes6 = await ngram('bytes', 6);

await Promise.all(scorers.map((x) => x.close?.()));
await Promise.all(threads.map((t) => t.close()));
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The columns of perplexity(), beside what they have to beat. Nothing is fitted to the noise. */
const columns: readonly (readonly [name: string, table: 'mean' | 'highest', values: Column])[] = [
  ['model', 'mean', neural.mean],
  ['model, cached', 'mean', neural.cached],
  ['gzip ratio', 'mean', gzip],
  ['3-gram bytes', 'mean', bytes3.mean],
  ['3-gram words', 'mean', words3.mean],
  ['5-gram words', 'mean', words5.mean],
  ['6-gram bytes', 'mean', bytes6.mean],
  ['model', 'highest', neural.highest],
  ['gzip ratio', 'highest', gzipHighest],
  ['3-gram bytes', 'highest', bytes3.highest],
  ['3-gram words', 'highest', words3.highest],
  ['5-gram words', 'highest', words5.highest],
  ['6-gram bytes', 'highest', bytes6.highest],
];
const TITLES = {
  mean: 'Whole text: bits per byte (ppl_bits_per_byte), gzip ratio',
  highest: 'The 512 bytes with most: bits per byte (ppl_bits_per_byte_max), gzip ratio',
} as const;

const freshTexts = fresh.map((d) => cut(d.text));
const rows = [...kinds].map(([kind, pairs]) => {
  const paired = pairs.every((p) => p.clean !== null);
  const clean = paired ? pairs.map((p) => p.clean as string) : freshTexts;
  const noise = pairs.map((p) => p.noise);
  const scores = columns.map(([name, table, values]) => {
    const of = (list: readonly string[]): number[] => list.map((t) => values.get(t) as number);
    const [high, low] = [of(noise), of(clean)];
    const auc = areaUnderCurve(high, low);
    const inPairs = paired ? mean(high.map((h, i) => (h > low[i] ? 1 : h === low[i] ? 0.5 : 0))) : null;
    return { name, table, auc, inPairs, ...intervalOf(high, low, { paired, seed: 1, rounds: 1000 }) };
  });
  const standing = (table: string): string => {
    const best = (own: boolean): (typeof scores)[0] =>
      scores
        .filter((s) => s.table === table && s.name.startsWith('model') === own)
        .reduce((a, b) => (b.auc > a.auc ? b : a));
    const [own, other] = [best(true), best(false)];
    const how = own.auc < other.auc ? 'below' : own.auc === other.auc ? 'level with' : 'above';
    return `${own.name} ${how} ${other.name}`;
  };
  return {
    kind,
    pairs: pairs.length,
    paired,
    scores,
    standing: { mean: standing('mean'), highest: standing('highest') },
  };
});
const means = columns.map(([name, table], i) => ({ name, table, auc: mean(rows.map((r) => r.scores[i].auc)) }));

if (options.json) console.log(JSON.stringify({ model: info.name, rows, means }, null, 2));
else {
  const line = (cells: readonly string[]): void => console.log(`| ${cells.join(' | ')} |`);
  console.log(
    `${info.name}: area under the curve, 95 % interval of a seeded bootstrap; texts cut to ${LONGEST} bytes; higher is noise`,
  );
  for (const table of ['mean', 'highest'] as const) {
    const names = columns.filter((c) => c[1] === table).map(([name]) => name);
    console.log(`\n${TITLES[table]}\n`);
    line(['kind', 'documents', ...names, 'best of each side']);
    line(['---', '---', ...names.map(() => '---'), '---']);
    for (const r of rows) {
      const cells = r.scores
        .filter((s) => s.table === table)
        .map((s) => `${s.auc.toFixed(3)} (${s.low.toFixed(2)} to ${s.high.toFixed(2)})`);
      const documents = r.paired ? `${r.pairs} pairs` : `${r.pairs} against ${freshTexts.length}`;
      line([r.kind, documents, ...cells, r.standing[table]]);
    }
    line(['mean', '', ...means.filter((m) => m.table === table).map((m) => m.auc.toFixed(3)), '']);
  }
  const whole = columns.flatMap(([name, table], i) => (table === 'mean' ? [{ name, i }] : []));
  console.log(
    '\nPairs in which the noise has more than the document it was made from; whole text, equal ones count half\n',
  );
  line(['kind', 'documents', ...whole.map((c) => c.name)]);
  line(['---', '---', ...whole.map(() => '---')]);
  for (const r of rows.filter((r) => r.paired))
    line([r.kind, `${r.pairs} pairs`, ...whole.map((c) => (r.scores[c.i].inPairs as number).toFixed(3))]);
}

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
import { perplexities, type Scorer } from '../src/models/scorer.ts';
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
async function bitsUnder(scorer: Scorer, wanted: readonly string[]): Promise<Map<string, number>> {
  const out = new Map<string, number>();
  for (const part of inParts(wanted, 64)) {
    const { bitsPerByte } = perplexities(await scorer.score(utf8Column(part)));
    part.forEach((text, i) => {
      out.set(text, bitsPerByte[i]);
    });
  }
  return out;
}
async function ngram(split: 'bytes' | 'words', order: number): Promise<Column> {
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
/** Bits per byte under the model, by all threads. */
async function neuralBits(wanted: readonly string[]): Promise<Map<string, number>> {
  const began = performance.now();
  const parts = await Promise.all(
    scorers.map((scorer, k) =>
      bitsUnder(
        scorer,
        wanted.filter((_, i) => i % scorers.length === k),
      ),
    ),
  );
  say(`${wanted.length} texts scored in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  return new Map(parts.flatMap((p) => [...p]));
}
const neural = await neuralBits(texts);
const gzip: Column = new Map(texts.map((t) => [t, gzipSync(t, { level: 9 }).length / Buffer.byteLength(t)]));
const bytes3 = await ngram('bytes', 3);
const words3 = await ngram('words', 3);
const words5 = await ngram('words', 5);
const bytes6 = await ngram('bytes', 6);

/** Pieces of 512 bytes, each read as a document of its own; a rest of less than 128 goes to the piece before it. */
function piecesOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const out: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.subarray(at);
    const piece = rest.length < 640 ? rest : firstBytes(rest, 512);
    out.push(Buffer.from(piece).toString('utf8'));
    at += piece.length;
  }
  return out;
}
const pieces = new Map(texts.map((t) => [t, piecesOf(t)]));
const pieceBits = await neuralBits([...new Set([...pieces.values()].flat())]);
const overPieces = (of: (values: readonly number[]) => number): Column =>
  new Map(texts.map((t) => [t, of((pieces.get(t) as string[]).map((p) => pieceBits.get(p) as number))]));
const mixed = new Map(texts.map((t) => [t, wordsMoved(t, 1)]));
const mixedBits = await neuralBits([...new Set(mixed.values())]);
await Promise.all(scorers.map((x) => x.close?.()));
await Promise.all(threads.map((t) => t.close()));
const combined = (of: (text: string) => number): Column => new Map(texts.map((t) => [t, of(t)]));
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const deviation = (values: readonly number[]): number => Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)));

/** The score that is promised, what it has to beat, and other uses of the same model (none was fitted to the noise). */
const columns: readonly (readonly [name: string, part: 'model' | 'baseline' | 'apart', values: Column])[] = [
  ['model bits/byte', 'model', neural],
  ['gzip ratio', 'baseline', gzip],
  ['3-gram bytes', 'baseline', bytes3],
  ['3-gram words', 'baseline', words3],
  ['5-gram words', 'baseline', words5],
  ['6-gram bytes', 'baseline', bytes6],
  ['highest piece', 'apart', overPieces((v) => Math.max(...v))],
  ['deviation of pieces', 'apart', overPieces(deviation)],
  ['model minus 3-gram bytes', 'apart', combined((t) => (neural.get(t) as number) - (bytes3.get(t) as number))],
  [
    'order gain, lost',
    'apart',
    combined((t) => (neural.get(t) as number) - (mixedBits.get(mixed.get(t) as string) as number)),
  ],
];

const freshTexts = fresh.map((d) => cut(d.text));
const rows = [...kinds].map(([kind, pairs]) => {
  const paired = pairs.every((p) => p.clean !== null);
  const clean = paired ? pairs.map((p) => p.clean as string) : freshTexts;
  const noise = pairs.map((p) => p.noise);
  const scores = columns.map(([name, part, values]) => {
    const of = (list: readonly string[]): number[] => list.map((t) => values.get(t) as number);
    const [high, low] = [of(noise), of(clean)];
    const auc = areaUnderCurve(high, low);
    return { name, part, auc, ...intervalOf(high, low, { paired, seed: 1, rounds: 1000 }) };
  });
  const best = scores.filter((s) => s.part === 'baseline').reduce((a, b) => (b.auc > a.auc ? b : a));
  const standing =
    scores[0].auc < best.auc
      ? `loses to ${best.name}`
      : scores[0].auc === best.auc
        ? `level with ${best.name}`
        : 'best';
  return { kind, pairs: pairs.length, paired, scores, standing };
});
const means = columns.map(([name, part], i) => ({ name, part, auc: mean(rows.map((r) => r.scores[i].auc)) }));

if (options.json) console.log(JSON.stringify({ model: info.name, rows, means }, null, 2));
else {
  const line = (cells: readonly string[]): void => console.log(`| ${cells.join(' | ')} |`);
  const show = (title: string, wanted: (part: string) => boolean): void => {
    const names = columns.filter(([, part]) => wanted(part)).map(([name]) => name);
    console.log(`\n${title}\n`);
    line(['kind', 'documents', ...names, ...(wanted('model') ? ['the model alone'] : [])]);
    line(['---', '---', ...names.map(() => '---'), ...(wanted('model') ? ['---'] : [])]);
    for (const r of rows) {
      const cells = r.scores
        .filter((s) => wanted(s.part))
        .map((s) => `${s.auc.toFixed(3)} (${s.low.toFixed(2)} to ${s.high.toFixed(2)})`);
      line([
        r.kind,
        r.paired ? `${r.pairs} pairs` : `${r.pairs} against ${freshTexts.length}`,
        ...cells,
        ...(wanted('model') ? [r.standing] : []),
      ]);
    }
    line([
      'mean',
      '',
      ...means.filter((m) => wanted(m.part)).map((m) => m.auc.toFixed(3)),
      ...(wanted('model') ? [''] : []),
    ]);
  };
  console.log(
    `${info.name}: area under the curve, 95 % interval of a seeded bootstrap; texts cut to ${LONGEST} bytes; higher is noise`,
  );
  show('Bits per byte against baselines', (part) => part !== 'apart');
  show('Other uses of the same model, none of them fitted', (part) => part === 'apart');
}

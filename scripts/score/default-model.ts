// How well does a model tell text from the same text spoilt? npm run score:model -- <model folder> [--json] [--input
// GLOB]... [--most 300] [--longest 4096] [--ngram-mb 100] [--ngram-input GLOB]... [--jobs 2] Noise: kinds of web_noise
// with the clean documents they were made from (metadata.from), and two kinds made here; only where the model was
// trained neither on the document nor on its group (trained-on.bin). n-gram models are trained on what the model was
// trained on, found in --ngram-input (default: --input, or the test corpora where nothing of it is there; they are left
// out where there is none). (markov_gibberish has no known source and may babble what was trained on, which helps it
// against every model alike.) The direction is fixed before: the higher value is the noise. 0.5 is guessing, below 0.5
// the noise looks cleaner than the text.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { openInThread } from '../../src/models/executors/thread.ts';
import { readTrainedOn } from '../../src/models/folders/trained-on.ts';
import { type NgramModel, ngramScorer, trainNgram } from '../../src/models/ngram/index.ts';
import { neuralScorer } from '../../src/models/scorers/neural-scorer.ts';
import { bitsPerByteOf, perplexities, type Scorer } from '../../src/models/scorers/scorer.ts';
import { loadScoringModel, modelFolderInfo } from '../../src/models/scorers/scoring-model.ts';
import { seededRandom } from '../../src/random.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import type { ReferenceJson } from '../../src/training/training-types.ts';
import { corporaFolder } from '../bench/corpus.ts';
import { type CorpusDocument, corpusDocuments, firstBytes, inParts, say } from '../corpus-documents.ts';
import {
  type Column,
  markdownOf,
  meansOf,
  type NamedColumn,
  type Pair,
  rowOf,
} from '../reproduce/perplexity-pruning/noise-report.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean' },
    input: { type: 'string', multiple: true },
    most: { type: 'string', default: '300' },
    jobs: { type: 'string', default: '2' },
    longest: { type: 'string', default: '4096' },
    'ngram-mb': { type: 'string', default: '100' },
    'ngram-input': { type: 'string', multiple: true },
  },
});
const [folder] = positionals;
const corpora = corporaFolder();
const mixed = corpora ? [join(corpora, 'mixed', '*.jsonl.zst')] : [];
const input = options.input ?? mixed;
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
const { trainedBytes } = JSON.parse(readFileSync(join(folder, 'sluice.json'), 'utf8')) as ReferenceJson;
const domains = new Set(Object.keys(trainedBytes));
const trainedOnOf = (documents: readonly CorpusDocument[]): CorpusDocument[] =>
  documents.filter((d) => d.noise === null && domains.has(d.domain) && trainedOn.has(d.hash));
const ngramInput = options['ngram-input'] ?? (trainedOnOf(all).length > 0 ? input : mixed);
const training = trainedOnOf(ngramInput === input ? all : await corpusDocuments(ngramInput));
/** Bytes of a document that are scored; most documents have fewer. */
const LONGEST = Number(options.longest);
const cut = (text: string): string => Buffer.from(firstBytes(Buffer.from(text), LONGEST)).toString('utf8');

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
if (fresh.length === 0) {
  console.error(
    `expected documents of ${[...domains].join(', ')} that the model was not trained on; got none in ` +
      `${input.join(' ')}.`,
  );
  process.exit(2);
}
const byId = new Map(all.map((d) => [d.id, d]));
const kinds = new Map<string, Pair[]>();
for (const kind of ['spun_text', 'markov_gibberish', 'missing_spaces', 'article_in_boilerplate', 'word_salad']) {
  const pairs = all.flatMap((d): Pair[] => {
    if (d.noise !== kind || isTrainedOn(d)) return [];
    if (d.from === null) return kind === 'markov_gibberish' ? [{ clean: null, domain: null, noise: cut(d.text) }] : [];
    const source = byId.get(d.from);
    return source && !isTrainedOn(source) && domains.has(source.domain)
      ? [{ clean: cut(source.text), domain: source.domain, noise: cut(d.text) }]
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
  fresh.map((d) => ({ clean: cut(d.text), domain: d.domain, noise: wordsMoved(cut(d.text), 1) })),
);
kinds.set(
  'made here: a fifth of the words shuffled',
  fresh.map((d) => ({ clean: cut(d.text), domain: d.domain, noise: wordsMoved(cut(d.text), 0.2) })),
);

const texts = [
  ...new Set([
    ...[...kinds.values()].flat().flatMap((p) => [p.clean ?? '', p.noise]),
    ...fresh.map((d) => cut(d.text)),
  ]),
].filter((t) => t !== '');
say(`${training.length} documents trained on, ${fresh.length} fresh ones, ${texts.length} texts to score`);

/**
 * Bits per byte of texts: of the whole text, of the same with a cache of the text itself, and of the 512 bytes of it
 * that have most.
 */
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
    `${wanted.length} texts, ${(bytes / 1e6).toFixed(2)} MB, scored: ` +
      `${((bytes * 1000) / (user + system)).toFixed(0)} kB a CPU-second`,
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
const NGRAMS = [
  ['bytes', 3],
  ['words', 3],
  ['words', 5],
  ['bytes', 6],
] as const;
const ngrams: { readonly name: string; readonly bits: Bits }[] = [];
if (training.length === 0) say('n-gram models are left out: nothing in --ngram-input is what the model was trained on');
else
  for (const [split, order] of NGRAMS) ngrams.push({ name: `${order}-gram ${split}`, bits: await ngram(split, order) });

await Promise.all(scorers.map((x) => x.close?.()));
await Promise.all(threads.map((t) => t.close()));
/** The columns of perplexity(), beside what they have to beat. Nothing is fitted to the noise. */
const columns: readonly NamedColumn[] = [
  { name: 'model', table: 'mean', values: neural.mean },
  { name: 'model, cached', table: 'mean', values: neural.cached },
  { name: 'gzip ratio', table: 'mean', values: gzip },
  ...ngrams.map(({ name, bits }): NamedColumn => ({ name, table: 'mean', values: bits.mean })),
  { name: 'model', table: 'highest', values: neural.highest },
  { name: 'gzip ratio', table: 'highest', values: gzipHighest },
  ...ngrams.map(({ name, bits }): NamedColumn => ({ name, table: 'highest', values: bits.highest })),
];
const freshTexts = fresh.map((d) => cut(d.text));
const rows = [...kinds].map(([kind, pairs]) => rowOf(kind, pairs, freshTexts, columns));

if (options.json) console.log(JSON.stringify({ model: info.name, rows, means: meansOf(rows) }, null, 2));
else {
  console.log(
    `${info.name}: area under the curve, 95 % interval of a seeded bootstrap; texts cut to ${LONGEST} ` +
      'bytes; higher is noise',
  );
  process.stdout.write(markdownOf(rows));
}

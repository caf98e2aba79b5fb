// Scoring by a language model: npm run bench:scoring [-- <model folder>] [--documents 24] [--repeats 3] [--json] The
// model is one of 0.9 M parameters over bytes with random weights; a folder replaces it. All by CPU time, medians,
// ratios within one run:
// - tokens a second and core through neuralScorer;
// - packed against padded, the same windows scored: documents in the order in which they come, 8 or 32 windows a batch,
//   each batch padded to
//   its longest window (rounded up to a 32nd of the context) as DataCollatorWithPadding of transformers does, the
//   last batch with as many rows
//   as it has; long documents in windows that overlap by a quarter, the last one as short as it comes. Contexts of
//   256 bytes, that of the
//   model that ships, and 1,024 tokens of 4 bytes each (about what a vocabulary of 50,000 gives) with a model of two
//   layers. A batch of 32 is
//   computed 8 rows at a time: the same places, a quarter of the memory. Places a token: what was computed for each
//   token that got a score;
//   context that windows share counts in it;
// - one against two model workers. Their efficiency is CPU seconds a token with one over CPU seconds a token with two.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decompress } from 'fzstd';
import type { Executor, Session } from '../../src/models/executors/executor.ts';
import { onnxruntimeNode } from '../../src/models/executors/onnxruntime-node.ts';
import { openInThread } from '../../src/models/executors/thread.ts';
import { loadModel } from '../../src/models/folders/hugging-face.ts';
import { modelConfig } from '../../src/models/language-model.ts';
import { newModel, parameterCount } from '../../src/models/new-model.ts';
import { neuralScorer } from '../../src/models/scorers/neural-scorer.ts';
import { packRows, windowsOf } from '../../src/models/scorers/packing.ts';
import { loadScoringModel, modelFolderInfo } from '../../src/models/scorers/scoring-model.ts';
import { byteTokenizer } from '../../src/models/tokenizers/bytes.ts';
import { oneByOne } from '../../src/models/tokenizers/one-by-one.ts';
import type { Tokenizer } from '../../src/models/tokenizers/tokenizer.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { corporaFolder, median } from './corpus.ts';
import { overlapOf, paddedScorer } from './padded-scorer.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    documents: { type: 'string', default: '24' },
    repeats: { type: 'string', default: '3' },
    json: { type: 'boolean' },
  },
});
const START = 256;
/** Windows that are padded to the longest of them. */
const BATCHES = [8, 32];
const repeats = Number(options.repeats);
const shape = modelConfig({ family: 'llama', width: 128, layers: 4, heads: 4, context: 256, vocabulary: 257 });
const model = positionals[0] ? await loadModel(positionals[0]) : newModel(shape, 1);
const corpora = corporaFolder();

/** Texts of a set; every n-th document of it, so that the lengths are those of the whole. */
function textsOf(
  folder: string,
  prefix: RegExp,
  count: number,
  of: (record: Record<string, string>) => string,
): string[] {
  if (corpora === null) return [];
  const lines = readdirSync(join(corpora, folder))
    .filter((f) => prefix.test(f))
    .sort()
    .flatMap((f) =>
      Buffer.from(decompress(readFileSync(join(corpora, folder, f))))
        .toString('utf8')
        .split('\n'),
    )
    .filter(Boolean);
  const step = Math.max(1, Math.floor(lines.length / count));
  return lines
    .filter((_, i) => i % step === 0)
    .slice(0, count)
    .map((line) => of(JSON.parse(line) as Record<string, string>));
}

const wanted = Number(options.documents);
const documents = textsOf('mixed', /-00\.jsonl\.zst$/, wanted, (r) => r.text);
const bytesOf = (texts: readonly string[]): number => texts.reduce((n, t) => n + Buffer.byteLength(t), 0);
/** The first texts that are about as long together as the documents. */
function asMuch(texts: readonly string[]): string[] {
  let left = bytesOf(documents);
  return texts.filter((t) => {
    left -= Buffer.byteLength(t);
    return t.trim().length > 0 && left >= 0;
  });
}
const sets: { name: string; texts: string[] }[] = [
  { name: 'documents of mixed/', texts: documents },
  { name: 'their paragraphs', texts: asMuch(documents.flatMap((t) => t.split(/\n\s*\n/))) },
  { name: 'their lines', texts: asMuch(documents.flatMap((t) => t.split('\n'))) },
  { name: 'answers of instruct/', texts: asMuch(textsOf('instruct', /self_instruct/, 64 * wanted, (r) => r.output)) },
];
if (documents.length === 0) {
  console.log('skipped: no corpora');
  process.exit(0);
}

async function cpuSeconds(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const everyFourth = (text: Uint8Array): Int32Array =>
  Int32Array.from({ length: Math.ceil(text.length / 4) }, (_, i) => text[4 * i]);
/**
 * About what a BPE vocabulary of 50,000 gives: an id for every four bytes. What the ids are changes nothing about the
 * work.
 */
const fourBytes: Tokenizer = {
  name: 'four bytes',
  vocabularySize: 256,
  hash: '',
  unknown: null,
  endOfText: null,
  byteLengths: new Uint16Array(256).fill(4),
  encode: everyFourth,
  encodeBatch: oneByOne(everyFourth),
  decode: () => '',
};
const longModel = (context: number) => ({
  ...common,
  model: newModel(modelConfig({ family: 'llama', width: 128, layers: 2, heads: 4, context, vocabulary: 257 }), 1),
  tokenizer: fourBytes,
});

const executor = await onnxruntimeNode({ threads: 1 });
const common = { name: 'bench', hash: '', start: START };
const byteModel = { ...common, model, tokenizer: byteTokenizer };
const shipped = { ...common, ...(await loadScoringModel(modelFolderInfo('models/prose'))) };

let placesRun = 0;
/** The same executor; what its sessions compute is added to `placesRun`. */
const counting: Executor = {
  ...executor,
  async open(graph, weights) {
    const session = await executor.open(graph, weights);
    const run: Session['run'] = (feeds) => {
      placesRun += feeds.get('tokens')!.data.length;
      return session.run(feeds);
    };
    return { ...session, run };
  },
};

// 1: whole documents.
const scorer = await neuralScorer({ ...byteModel, executor });
const whole = utf8Column(documents);
await scorer.score(whole);
await scorer.score(whole);
const wholeTokens = whole.values.length;
const wholeSeconds: number[] = [];
for (let i = 0; i < repeats; i++) wholeSeconds.push(await cpuSeconds(async () => scorer.score(whole)));
await scorer.close?.();

// 2: packed against padded.
const packing = [];
for (const [unit, scored] of [
  ['bytes', byteModel],
  ['byte pairs of the model that ships', shipped],
  ['tokens of 4 bytes', longModel(1024)],
] as const) {
  const packed = await neuralScorer({ ...scored, executor: counting });
  const padded = paddedScorer(scored, counting);
  for (const { name, texts } of sets) {
    const bytes = texts.map((t) => Buffer.from(t)).filter((t) => t.length > 0);
    const column = utf8Column(texts.filter((t) => t.length > 0));
    const packedTokens = async (): Promise<number> => (await packed.score(column)).tokens.reduce((n, t) => n + t, 0);
    const sides = [packedTokens, ...BATCHES.map((batch) => () => padded.score(bytes, batch))];
    const seconds: number[][] = sides.map(() => []);
    const counts = sides.map(() => ({ tokens: 0, places: 0 }));
    // Twice more: a runtime plans its memory in the first two runs of a session.
    for (let i = -2; i < repeats; i++)
      for (const [k, side] of sides.entries()) {
        placesRun = 0;
        const taken = await cpuSeconds(async () => {
          counts[k].tokens = await side();
        });
        counts[k].places = placesRun;
        if (i >= 0) seconds[k].push(taken);
      }
    const [{ tokens, places }, ...others] = counts;
    for (const other of others)
      if (other.tokens !== tokens) throw new Error(`expected ${tokens} tokens, got ${other.tokens}`);
    packing.push({
      name,
      unit,
      context: scored.model.config.context,
      texts: bytes.length,
      meanTokens: tokens / bytes.length,
      packed: tokens / median(seconds[0]),
      packedPlaces: places / tokens,
      padded: BATCHES.map((batch, k) => ({
        batch,
        tokensPerSecond: tokens / median(seconds[k + 1]),
        places: others[k].places / tokens,
        ratio: median(seconds[k + 1].map((s, i) => s / seconds[0][i])),
      })),
    });
  }
  await packed.close?.();
  await padded.close();
}

/**
 * What longer contexts would gain on whole documents, in rows and not in time: rows of one window each over rows
 * packed.
 */
const rowsSaved = [256, 1024, 4096, 8192].map((length) => ({
  context: length,
  ratios: sets.map(({ texts }) => {
    const windows = texts.flatMap((t, i) => windowsOf(i, Buffer.byteLength(t) + 1, length, overlapOf(length)));
    return (
      windows.length /
      packRows(
        windows.map((w) => w.length),
        [length],
      ).length
    );
  }),
}));

// 3: the same documents by one and by two workers at once.
const threads = await Promise.all([0, 1].map(() => openInThread('onnxruntime-cpu', { threads: 1 })));
const workers = await Promise.all(threads.map((thread) => neuralScorer({ ...byteModel, executor: thread })));
const halves = [0, 1].map((k) => utf8Column(documents.filter((_, i) => i % 2 === k)));
await Promise.all(workers.map((w, k) => w.score(halves[k])));
const [one, two, wall]: number[][] = [[], [], []];
for (let i = 0; i < repeats; i++) {
  let began = performance.now();
  one.push(
    await cpuSeconds(async () => {
      for (const half of halves) await workers[0].score(half);
    }),
  );
  const alone = performance.now() - began;
  began = performance.now();
  two.push(await cpuSeconds(async () => Promise.all(workers.map((w, k) => w.score(halves[k])))));
  wall.push(alone / (performance.now() - began));
}
await Promise.all(workers.map((w) => w.close?.()));
await Promise.all(threads.map((t) => t.close()));

const result = {
  parameters: parameterCount(model.config),
  executor: executor.description,
  repeats,
  documents: documents.length,
  tokens: wholeTokens,
  tokensPerCpuSecond: wholeTokens / median(wholeSeconds),
  packing,
  rowsSaved,
  workers: {
    tokensPerCpuSecondOne: wholeTokens / median(one),
    tokensPerCpuSecondTwo: wholeTokens / median(two),
    efficiency: median(one.map((s, i) => s / two[i])),
    wallSpeedUp: median(wall),
  },
};
if (options.json) console.log(JSON.stringify(result));
else {
  const n = (v: number): string => Math.round(v).toString().padStart(7);
  const promise = (v: number, least: number): string =>
    `${v.toFixed(2)} (promised ${least}: ${v >= least ? 'met' : 'MISSED'})`;
  console.log(
    `${(result.parameters / 1e6).toFixed(2)} M parameters, ${result.executor}, median of ${repeats}; ` +
      'tokens are bytes, seconds are CPU time',
  );
  console.log(
    `whole documents           ${n(result.tokensPerCpuSecond)} tokens/s, ${result.documents} documents, ` +
      `${result.tokens} tokens`,
  );
  console.log('packed, and against padding to the longest of a batch in the order of the input:');
  for (const p of packing) {
    console.log(`  ${p.name}: ${p.texts} texts of ${p.meanTokens.toFixed(0)} ${p.unit}, context ${p.context}`);
    console.log(`    packed           ${n(p.packed)} tokens/s, ${p.packedPlaces.toFixed(2)} places a token`);
    for (const x of p.padded)
      console.log(
        `    batches of ${String(x.batch).padEnd(5)} ${n(x.tokensPerSecond)} tokens/s, ` +
          `${x.places.toFixed(2)} places a token, ratio ${promise(x.ratio, 2)}`,
      );
  }
  console.log(
    'rows saved by packing against rows padded to the context (windows overlap by a quarter), by ' +
      `context: ${sets.map((x) => x.name).join(', ')}`,
  );
  for (const { context: length, ratios } of rowsSaved)
    console.log(`  ${String(length).padStart(5)} bytes            ${ratios.map((r) => r.toFixed(2)).join('  ')}`);
  const w = result.workers;
  console.log(
    `one, two workers          ${n(w.tokensPerCpuSecondOne)} ${n(w.tokensPerCpuSecondTwo)} tokens/s and ` +
      `core, efficiency ${promise(w.efficiency, 0.9)}; wall time ${w.wallSpeedUp.toFixed(2)} times as fast`,
  );
}

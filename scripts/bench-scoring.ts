// Scoring by a language model: npm run bench:scoring [-- <model folder>] [--documents 96] [--repeats 5] [--json]
// The model is the shape of the default one (0.9 M parameters over bytes, random weights; a folder replaces it). All by CPU time, medians, ratios
// within one run:
// - tokens a second and core through neuralScorer;
// - the same documents cut to the context and scored a row each, padded, against the same documents packed: the same tokens scored;
// - one against two model workers. Their efficiency is CPU seconds a token with one over CPU seconds a token with two.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decompress } from 'fzstd';
import { onnxruntimeNode } from '../src/models/executors/onnxruntime-node.ts';
import { openInThread } from '../src/models/executors/thread.ts';
import { loadModel } from '../src/models/hugging-face.ts';
import { modelConfig } from '../src/models/language-model.ts';
import { neuralScorer } from '../src/models/neural-scorer.ts';
import { newModel, parameterCount } from '../src/models/new-model.ts';
import { packRows, windowsOf } from '../src/models/packing.ts';
import { NO_TARGET, PADDING_SEGMENT, scoringGraph } from '../src/models/scoring-graph.ts';
import { intTensor, type Tensor } from '../src/models/tensor.ts';
import { byteTokenizer } from '../src/models/tokenizers/bytes.ts';
import { utf8Column } from '../src/streams/columns.ts';
import { corporaFolder, median } from './bench-corpus.ts';
import { firstBytes } from './corpus-documents.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    documents: { type: 'string', default: '96' },
    repeats: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
});
const START = 256;
const ROWS = 8;
const repeats = Number(options.repeats);
const shape = modelConfig({ family: 'llama', width: 128, layers: 4, heads: 4, context: 256, vocabulary: 257 });
const model = positionals[0] ? await loadModel(positionals[0]) : newModel(shape, 1);
const { context } = model.config;
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
const sets: { name: string; texts: string[] }[] = [
  { name: 'documents of mixed/', texts: documents },
  {
    name: 'their paragraphs',
    texts: documents.flatMap((t) => t.split('\n').filter((p) => p.trim().length > 0)).slice(0, 8 * wanted),
  },
  {
    name: 'answers of instruct/',
    texts: textsOf('instruct', /self_instruct/, 8 * wanted, (r) => r.output).filter((t) => t.length > 0),
  },
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

const common = { name: 'bench', hash: '', model, tokenizer: byteTokenizer, start: START, rows: ROWS };
const executor = await onnxruntimeNode({ threads: 1 });
const scorer = await neuralScorer({ ...common, executor });
const padded = await executor.open(scoringGraph(model.config, { rows: ROWS, length: context }), model.weights);

/** A document a row, the rest of the row padding: shapes are static, so that a row is as long as the context. */
async function scorePadded(texts: readonly Uint8Array[]): Promise<number> {
  let scored = 0;
  for (let at = 0; at < texts.length; at += ROWS) {
    const size = ROWS * context;
    const [tokens, positions] = [new Int32Array(size), new Int32Array(size)];
    const segments = new Int32Array(size).fill(PADDING_SEGMENT);
    const targets = new Int32Array(size).fill(NO_TARGET);
    texts.slice(at, at + ROWS).forEach((text, r) => {
      text.forEach((byte, i) => {
        const place = r * context + i;
        tokens[place] = i === 0 ? START : text[i - 1];
        positions[place] = i;
        segments[place] = 0;
        targets[place] = byte;
        scored++;
      });
    });
    const shapeOf = (data: Int32Array): Tensor => intTensor([ROWS, context], data);
    const feeds = { tokens, positions, segments, targets };
    await padded.run(new Map(Object.entries(feeds).map(([name, data]) => [name, shapeOf(data)])));
  }
  return scored;
}

// 1 and 2: whole documents; packed against padded.
const whole = utf8Column(documents);
await scorer.score(whole);
const wholeTokens = whole.values.length;
const wholeSeconds: number[] = [];
for (let i = 0; i < repeats; i++) wholeSeconds.push(await cpuSeconds(async () => scorer.score(whole)));
const packing = [];
for (const { name, texts } of sets) {
  const cut = texts.map((t) => firstBytes(Buffer.from(t), context)).filter((t) => t.length > 0);
  const column = utf8Column(cut.map((t) => Buffer.from(t).toString('utf8')));
  const tokens = column.values.length;
  await scorer.score(column);
  const [packedSeconds, paddedSeconds]: number[][] = [[], []];
  for (let i = 0; i < repeats; i++) {
    packedSeconds.push(await cpuSeconds(async () => scorer.score(column)));
    let scored = 0;
    const seconds = await cpuSeconds(async () => {
      scored = await scorePadded(cut);
    });
    if (scored !== tokens) throw new Error(`expected ${tokens} tokens in padded rows, came ${scored}`);
    paddedSeconds.push(seconds);
  }
  packing.push({
    name,
    texts: cut.length,
    meanTokens: tokens / cut.length,
    packed: tokens / median(packedSeconds),
    padded: tokens / median(paddedSeconds),
    ratio: median(paddedSeconds.map((s, i) => s / packedSeconds[i])),
  });
}
await scorer.close?.();
await padded.release();

/** What longer contexts would gain on whole documents, in rows and not in time: rows of one window each over rows packed. */
const rowsSaved = [256, 1024, 4096, 8192].map((length) => ({
  context: length,
  ratios: sets.map(({ texts }) => {
    const windows = texts.flatMap((t, i) => windowsOf(i, Buffer.byteLength(t) + 1, length, length >> 1));
    return (
      windows.length /
      packRows(
        windows.map((w) => w.length),
        length,
      ).length
    );
  }),
}));

// 3: the same documents by one and by two workers at once.
const threads = await Promise.all([0, 1].map(() => openInThread('onnxruntime-cpu', { threads: 1 })));
const workers = await Promise.all(threads.map((thread) => neuralScorer({ ...common, executor: thread })));
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
    `${(result.parameters / 1e6).toFixed(2)} M parameters, ${result.executor}, median of ${repeats}; tokens are bytes, seconds are CPU time`,
  );
  console.log(
    `whole documents           ${n(result.tokensPerCpuSecond)} tokens/s, ${result.documents} documents, ${result.tokens} tokens`,
  );
  console.log(`cut to ${context} tokens, a row each (padded) against packed:`);
  for (const p of packing)
    console.log(
      `  ${p.name.padEnd(22)} ${n(p.padded)} ${n(p.packed)} tokens/s, ratio ${promise(p.ratio, 2)}, ${p.texts} texts of ${p.meanTokens.toFixed(0)} tokens`,
    );
  console.log(
    `rows saved by packing whole documents (windows overlap by half), by context: ${sets.map((x) => x.name).join(', ')}`,
  );
  for (const { context: length, ratios } of rowsSaved)
    console.log(`  ${String(length).padStart(5)} bytes            ${ratios.map((r) => r.toFixed(2)).join('  ')}`);
  const w = result.workers;
  console.log(
    `one, two workers          ${n(w.tokensPerCpuSecondOne)} ${n(w.tokensPerCpuSecondTwo)} tokens/s and core, efficiency ${promise(w.efficiency, 0.9)}; wall time ${w.wallSpeedUp.toFixed(2)} times as fast`,
  );
}

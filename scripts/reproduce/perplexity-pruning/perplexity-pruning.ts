// Does pruning by perplexity help (Ankner et al. 2024, "Perplexed by Perplexity") at the scale of a laptop? npm run
// reproduce:perplexity-pruning -- [--smoke] [--output FOLDER] [--input GLOB]... [--tokens 1500000] [--seeds 3] [--jobs
// 2] Three parts of the corpus, disjoint by group: one trains the reference model, one is scored and pruned, one is
// measured on. Final models are trained from scratch on the same number of tokens each. Every trained model is a
// folder: run it again and it goes on.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { lastValueFrom, tap } from 'rxjs';
import { canonicalJson } from '../../../src/hash.ts';
import type { Executor } from '../../../src/models/executors/executor.ts';
import { openInThread } from '../../../src/models/executors/thread.ts';
import { loadModel } from '../../../src/models/folders/hugging-face.ts';
import { readTrainedOn } from '../../../src/models/folders/trained-on.ts';
import { neuralScorer } from '../../../src/models/scorers/neural-scorer.ts';
import { perplexities } from '../../../src/models/scorers/scorer.ts';
import { byteTokenizer } from '../../../src/models/tokenizers/bytes.ts';
import { ranksKept } from '../../../src/operators/select/rank-decide.ts';
import { seededRandom } from '../../../src/random.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';
import { reference } from '../../../src/training/reference.ts';
import { trainReference } from '../../../src/training/train-reference.ts';
import type { ReferenceJson } from '../../../src/training/training-types.ts';
import { corporaFolder } from '../../bench/corpus.ts';
import { type CorpusDocument, corpusDocuments, inParts, say } from '../../corpus-documents.ts';
import { type ClozeItem, clozeItems, clozeOf } from './cloze.ts';
import { cutTo, disjoint, groupPlaces, heldOutTexts, withoutTexts } from './parts.ts';
import { type ArmResult, markdownOf, type Study, svgOf } from './report.ts';

const { values: options } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    output: { type: 'string' },
    input: { type: 'string', multiple: true },
    tokens: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '2' },
  },
});
const { smoke } = options;
const START = 256;
/** Windows of long documents share half of the context, for the reference model and for what is measured. */
const overlapOf = ({ context }: { readonly context: number }): number => context >> 1;
const RATES = [0.25, 0.5, 0.75];
const CRITERIA = ['low', 'medium', 'high'] as const;
const ARMS = 1 + RATES.length * (1 + CRITERIA.length);
/** Estimates of the time printed so far: one from the reference model, one from the first final model. */
let estimates = 0;
/** Made from texts that nobody can name, so that no split can be shown to be clean. */
const LEFT_OUT = 'markov_gibberish';
const settings = smoke
  ? {
      referenceModel: { width: 16, layers: 1, heads: 2, context: 64 },
      finalModel: { width: 16, layers: 1, heads: 2, context: 64 },
      referenceTokens: 8_192,
      finalTokens: Number(options.tokens ?? 4_096),
      poolMegabytes: 0.3,
      heldOutBytes: 2_048,
      cloze: 8,
      rows: 4,
    }
  : {
      referenceModel: { width: 96, layers: 3, heads: 4, context: 256 },
      finalModel: { width: 96, layers: 3, heads: 4, context: 256 },
      referenceTokens: 4_000_000,
      finalTokens: Number(options.tokens ?? 1_500_000),
      poolMegabytes: 12,
      heldOutBytes: 32_768,
      cloze: 100,
      rows: 8,
    };
const seeds = Array.from({ length: Number(options.seeds) }, (_, i) => i + 1);
const corpora = corporaFolder();
const input = options.input ?? (corpora ? [join(corpora, 'mixed', '*.jsonl.zst')] : []);
if (input.length === 0) {
  console.error('expected --input, or the test corpora; got neither.');
  process.exit(2);
}
if (seeds.length < 3) say(`note: ${seeds.length} seeds; fewer than 3 say nothing of the spread`);
const output = resolve(options.output ?? 'sluice-out/perplexity-pruning');
await mkdir(output, { recursive: true });
await sameStudy();

// 1. Parts, by a hash of the group alone.
const all = (await corpusDocuments(input)).filter((d) => d.noise !== LEFT_OUT && d.text.length > 0);
const place = await groupPlaces();
const referencePart = all.filter((d) => place(d.group) < 0.3);
const poolGroups = withoutTexts(
  all.filter((d) => place(d.group) >= 0.3 && place(d.group) < 0.8),
  referencePart,
);
const heldOutPart = withoutTexts(
  all.filter((d) => place(d.group) >= 0.8),
  [...referencePart, ...poolGroups],
);
const pool = cutTo(poolGroups, settings.poolMegabytes * 1e6, place);
disjoint(referencePart, pool, 'reference model and pool');
disjoint(referencePart, heldOutPart, 'reference model and held-out');
disjoint(pool, heldOutPart, 'pool and held-out');
const heldOut = heldOutTexts(heldOutPart, {
  ofDomain: settings.heldOutBytes,
  ofDocument: 8 * settings.finalModel.context,
});
const items = clozeItems(
  heldOutPart.filter((d) => d.noise === null && d.domain !== 'code'),
  settings.cloze,
  settings.finalModel.context,
  1,
);
say(
  `${all.length} documents: reference ${referencePart.length}, pool ${pool.length}, held-out ` +
    `${heldOutPart.length}; ${items.length} cloze items`,
);

// 2. The reference model, and what it says of the pool.
const executors = await Promise.all(
  Array.from({ length: Math.max(1, Number(options.jobs)) }, () => openInThread('onnxruntime-cpu', { threads: 1 })),
);
const referenceFolder = await trained(
  'reference',
  referencePart,
  settings.referenceModel,
  settings.referenceTokens,
  0,
  executors[0],
);
const trainedOn = await readTrainedOn(join(referenceFolder, 'trained-on.bin'));
for (const d of [...pool, ...heldOutPart])
  assert(!trainedOn.has(d.hash), `the reference model was not trained on ${d.id}`);
const scores = await poolScores();

// 3. Arms: the same seed trains the same first weights and draws the same order in all of them.
interface Arm {
  readonly name: string;
  readonly criterion: 'all' | 'random' | (typeof CRITERIA)[number];
  readonly rate: number;
  readonly documents: (seed: number) => readonly CorpusDocument[];
}
const byRank = pool.map((_, i) => i).sort((a, b) => scores[a] - scores[b] || a - b);
const arms: Arm[] = [{ name: 'all', criterion: 'all', rate: 1, documents: () => pool }];
for (const rate of RATES) {
  arms.push({ name: `random-${rate * 100}`, criterion: 'random', rate, documents: (seed) => randomPart(rate, seed) });
  for (const criterion of CRITERIA) {
    const chosen = new Set(byRank.slice(...ranksKept(pool.length, { keep: criterion, rate })));
    const documents = pool.filter((_, i) => chosen.has(i));
    arms.push({ name: `${criterion}-${rate * 100}`, criterion, rate, documents: () => documents });
  }
}
const work = seeds.flatMap((seed) => arms.map((arm) => ({ arm, seed })));
const results: ArmResult[] = [];
const began = performance.now();
let trainedHere = 0;
await Promise.all(
  executors.map(async (executor) => {
    for (let next = work.shift(); next !== undefined; next = work.shift())
      results.push(await resultOf(next.arm, next.seed, executor));
  }),
);
await Promise.all(executors.map((e) => e.close()));

// 4. The table.
const study: Study = {
  settings: { ...settings, seeds, input: 'mixed corpus', smoke, leftOut: LEFT_OUT },
  documents: { reference: referencePart.length, pool: pool.length, heldOut: heldOutPart.length, cloze: items.length },
  domains: [...heldOut.keys()],
  results: results.sort(
    (a, b) => a.seed - b.seed || arms.findIndex((x) => x.name === a.arm) - arms.findIndex((x) => x.name === b.arm),
  ),
};
const table = markdownOf(study);
await writeFile(join(output, 'results.json'), `${JSON.stringify(study, null, 2)}\n`);
await writeFile(join(output, 'results.md'), table);
await writeFile(join(output, 'results.svg'), svgOf(study));
process.stdout.write(table);
say(`written: ${join(output, 'results.{md,json,svg}')}`);

/** A model trained on documents, in a folder of its own; done before, it is only named. */
async function trained(
  name: string,
  documents: readonly CorpusDocument[],
  model: typeof settings.finalModel,
  tokens: number,
  seed: number,
  executor: Executor,
): Promise<string> {
  const folder = join(output, 'models', name);
  const file = join(output, 'inputs', `${name}.jsonl`);
  if (!existsSync(file)) {
    await mkdir(join(output, 'inputs'), { recursive: true });
    const lines = documents.map((d) =>
      JSON.stringify({ id: d.id, text: d.text, metadata: { domain: d.domain, group: d.group.toString(16) } }),
    );
    await writeFile(`${file}.tmp`, `${lines.join('\n')}\n`);
    await rename(`${file}.tmp`, file);
  }
  const recipe = reference({
    name,
    // Measured on another part, by this script; so next to nothing is held out here.
    shares: { train: 0.999, heldOut: 0.001 },
    groupBy: 'text',
    seed,
    model,
    training: { tokens, rows: settings.rows, learningRate: 3e-3, evaluateEvery: 250, heldOutTokens: 256 },
  });
  await lastValueFrom(
    trainReference(recipe, { executor, input: [file], output: folder }).pipe(
      tap((e) => {
        if (e.type !== 'step' || e.step !== 50 || estimates >= 2) return;
        estimates++;
        const weights = ({ width, layers }: typeof model): number => width * width * layers;
        const rate = (e.tokensPerSecond * executors.length * weights(model)) / weights(settings.finalModel);
        const hours = (seeds.length * ARMS * settings.finalTokens) / rate / 3600;
        say(`all final models take about ${hours.toFixed(1)} h at ${Math.round(rate)} tokens/s (measured in ${name})`);
      }),
    ),
    { defaultValue: null },
  );
  await rm(file);
  return folder;
}

async function poolScores(): Promise<number[]> {
  const path = join(output, 'pool-scores.json');
  if (existsSync(path)) return JSON.parse(await readFile(path, 'utf8')) as number[];
  const model = await loadModel(referenceFolder);
  const parts = [...inParts(pool, 64)];
  const found = new Array<number[]>(parts.length);
  let at = 0;
  await Promise.all(
    executors.map(async (executor) => {
      const scorer = await neuralScorer({
        name: 'reference',
        hash: '',
        model,
        tokenizer: byteTokenizer,
        start: START,
        executor,
        overlap: overlapOf(model.config),
      });
      while (at < parts.length) {
        const i = at++;
        found[i] = [...perplexities(await scorer.score(utf8Column(parts[i].map((d) => d.text)))).perplexity];
      }
      await scorer.close?.();
    }),
  );
  const scores = found.flat();
  assert(scores.every(Number.isFinite), 'every document of the pool has a perplexity');
  await writeFile(`${path}.tmp`, JSON.stringify(scores));
  await rename(`${path}.tmp`, path);
  return scores;
}

function randomPart(rate: number, seed: number): CorpusDocument[] {
  const { uniform } = seededRandom(seed, `random ${rate}`);
  const order = pool.map((_, i) => [uniform(), i] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const [first, end] = ranksKept(pool.length, { keep: 'low', rate });
  const chosen = new Set(order.slice(first, end).map(([, i]) => i));
  return pool.filter((_, i) => chosen.has(i));
}

async function resultOf(arm: Arm, seed: number, executor: Executor): Promise<ArmResult> {
  const name = `${arm.name}-seed${seed}`;
  const path = join(output, 'models', name, 'result.json');
  if (existsSync(path)) return JSON.parse(await readFile(path, 'utf8')) as ArmResult;
  const documents = arm.documents(seed);
  const groups = new Set(pool.map((d) => d.group));
  assert(
    documents.every((d) => groups.has(d.group)),
    'selection is of the pool only',
  );
  const folder = await trained(name, documents, settings.finalModel, settings.finalTokens, seed, executor);
  const model = await loadModel(folder);
  const { epochs, tokens } = JSON.parse(await readFile(join(folder, 'sluice.json'), 'utf8')) as ReferenceJson;
  const bitsPerByte = await bitsByDomain(model, executor);
  const share: Record<string, number> = {};
  for (const d of documents) share[d.domain] = (share[d.domain] ?? 0) + 1 / documents.length;
  const cloze = await clozeOf(model, executor, items as readonly ClozeItem[]);
  const { criterion, rate } = arm;
  const result: ArmResult = {
    arm: arm.name,
    criterion,
    rate,
    seed,
    documents: documents.length,
    tokens,
    epochs,
    bitsPerByte,
    cloze,
    share,
  };
  await writeFile(`${path}.tmp`, JSON.stringify(result));
  await rename(`${path}.tmp`, path);
  trainedHere++;
  const each = (performance.now() - began) / 1000 / trainedHere;
  say(
    `${name}: cloze ${(100 * cloze.accuracy).toFixed(2)} %; ${work.length} to go, about ` +
      `${((work.length * each) / 3600).toFixed(2)} h`,
  );
  return result;
}

async function bitsByDomain(
  model: Awaited<ReturnType<typeof loadModel>>,
  executor: Executor,
): Promise<Record<string, number>> {
  const scorer = await neuralScorer({
    name: 'final',
    hash: '',
    model,
    tokenizer: byteTokenizer,
    start: START,
    executor,
    overlap: overlapOf(model.config),
  });
  const out: Record<string, number> = {};
  for (const [domain, texts] of heldOut) {
    const { nllSum, bytes } = await scorer.score(utf8Column(texts.map((t) => Buffer.from(t).toString('utf8'))));
    out[domain] = nllSum.reduce((a, b) => a + b, 0) / Math.LN2 / bytes.reduce((a, b) => a + b, 0);
  }
  await scorer.close?.();
  return out;
}

/** A folder belongs to one study: its settings and input. Seeds may be added. */
async function sameStudy(): Promise<void> {
  const path = join(output, 'study.json');
  const now = canonicalJson({ settings, input });
  if (!existsSync(path)) return writeFile(path, now);
  const before = await readFile(path, 'utf8');
  if (before === now) return;
  console.error(`expected the settings that ${path} was started with, got others. Give another --output.`);
  process.exit(2);
}

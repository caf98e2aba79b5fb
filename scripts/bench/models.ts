// Tokens per CPU-second of scoring and training byte-level GPTs on one thread, median of 5 stretches of a second, with
// peak memory; beside them the same checkpoint in PyTorch, eager and compiled (dropout 0, SDPA, fused AdamW), where
// Python has torch and transformers (SLUICE_PYTHON names another python3):
// npx tsx scripts/bench/models.ts [--json] [--sizes 0.9M,10M] [--works score,train]
//   [--executor onnxruntime-cpu] [--against eager,compiled]
// One cell, as `--sizes 0.9M --works train --against compiled`, takes less than a minute.
// --sizes 125M is the shape of the small GPT-2, scored only: minutes.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Session } from '../../src/models/executors/executor.ts';
import { openExecutor } from '../../src/models/executors/open-executor.ts';
import { executorName } from '../../src/models/executors/pick-executor.ts';
import { saveModel } from '../../src/models/folders/hugging-face.ts';
import type { NewModelOptions } from '../../src/models/language-model.ts';
import { newModel, parameterCount } from '../../src/models/new-model.ts';
import { scoringGraph } from '../../src/models/scorers/scoring-graph.ts';
import { floatTensor, intTensor, type Tensor } from '../../src/models/tensor.ts';
import { trainingGraph, trainingState } from '../../src/models/training-graph.ts';

const SIZES: Readonly<Record<string, NewModelOptions>> = {
  '0.9M': { family: 'gpt2', width: 128, layers: 4, heads: 4, context: 256 },
  '10M': { family: 'gpt2', width: 320, layers: 8, heads: 5, context: 256 },
  '125M': { family: 'gpt2', vocabulary: 50_257, width: 768, layers: 12, heads: 12, context: 1024 },
};
/** What the design asks for, in tokens per second and core. */
const TARGETS: Readonly<Record<string, { score?: number; train?: number }>> = {
  '0.9M': { score: 27_000, train: 8_600 },
  '10M': { score: 3_600 },
  '125M': {},
};
const SCORED_ONLY = ['125M'];
const [ROWS, LENGTH, REPEATS] = [4, 256, 5];
/** CPU seconds that one repeat takes at least. */
const STRETCH = 1;

interface Result {
  readonly size: string;
  readonly parameters: number;
  readonly executor: string;
  readonly score: number | null;
  readonly train: number | null;
  /** Peak resident memory of a process that scores only, and of one that trains, in MB. */
  readonly scoreMb: number | null;
  readonly trainMb: number | null;
  readonly torch: Readonly<Partial<Record<TorchWay, TorchRates>>> | null;
}

const WORKS = ['score', 'train'] as const;
const TORCH_WAYS = ['eager', 'compiled'] as const;
type TorchWay = (typeof TORCH_WAYS)[number];
/** Tokens per CPU-second, or why there are none: torch.compile needs a C++ compiler. */
type TorchRates =
  | { readonly version: string; readonly score?: number; readonly train?: number }
  | { readonly failed: string };

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean' },
    sizes: { type: 'string', default: '0.9M,10M' },
    works: { type: 'string', default: WORKS.join(',') },
    executor: { type: 'string', default: 'onnxruntime-cpu' },
    against: { type: 'string', default: TORCH_WAYS.join(',') },
    // In child processes: score, train, or a folder to save the model to.
    only: { type: 'string' },
  },
});
const self = fileURLToPath(import.meta.url);
const sizes = options.sizes.split(',');
const unknown = sizes.find((s) => !(s in SIZES));
if (unknown !== undefined) throw new Error(`expected sizes ${Object.keys(SIZES).join(', ')}, got ${unknown}`);

const { only } = options;
if (only === 'score' || only === 'train') await measure(only, sizes[0]);
else if (only) await saveModel(newModel(SIZES[sizes[0]], 1), only);
else if (options.json) console.log(JSON.stringify(sizes.map(compare), null, 2));
else report(sizes.map(compare));

/** In a process of its own, so that its peak memory is that of this work. */
async function measure(work: 'score' | 'train', size: string): Promise<void> {
  const model = newModel(SIZES[size], 1);
  const executor = await openExecutor(executorName(options.executor));
  const shape = [ROWS, LENGTH];
  const tokens = Int32Array.from({ length: ROWS * LENGTH }, (_, i) => (i * 31 + (i >> 3)) % 256);
  const feeds = new Map<string, Tensor>([
    ['tokens', intTensor(shape, tokens)],
    [
      'positions',
      intTensor(
        shape,
        tokens.map((_, i) => i % LENGTH),
      ),
    ],
    ['segments', intTensor(shape, new Int32Array(tokens.length))],
    [
      'targets',
      intTensor(
        shape,
        tokens.map((_, i) => (i % LENGTH === LENGTH - 1 ? -1 : tokens[i + 1])),
      ),
    ],
  ]);
  let session: Session;
  if (work === 'score')
    session = await executor.open(scoringGraph(model.config, { rows: ROWS, length: LENGTH }), model.weights);
  else {
    const graph = trainingGraph(model.config, { rows: ROWS, length: LENGTH });
    session = await executor.open(graph, trainingState(model, graph));
    feeds.set(
      'target_weights',
      floatTensor(
        shape,
        Float32Array.from(tokens, () => 1),
      ),
    );
    feeds.set('learning_rate', floatTensor([], [1e-3])).set('step', floatTensor([], [1]));
  }
  /** CPU seconds of one run, on average over so many. */
  const secondsOf = async (runs: number): Promise<number> => {
    const before = process.cpuUsage();
    for (let i = 0; i < runs; i++) await session.run(feeds);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6 / runs;
  };
  await session.run(feeds);
  const runs = Math.ceil(STRETCH / (await secondsOf(1)));
  const seconds: number[] = [];
  for (let i = 0; i < REPEATS; i++) seconds.push(await secondsOf(runs));
  await session.release();
  const rate = (ROWS * LENGTH) / seconds.sort((a, b) => a - b)[Math.floor(REPEATS / 2)];
  const peakMb = process.resourceUsage().maxRSS / 1024;
  console.log(
    JSON.stringify({ rate, peakMb, parameters: parameterCount(model.config), executor: executor.description }),
  );
}

/** What is measured of a size. */
function worksOf(size: string): readonly string[] {
  const wanted = options.works.split(',');
  return WORKS.filter((work) => wanted.includes(work) && !(work === 'train' && SCORED_ONLY.includes(size)));
}

function compare(size: string): Result {
  const [score, train] = WORKS.map((only) => {
    if (!worksOf(size).includes(only)) return null;
    const args = ['--import', 'tsx', self, '--only', only, '--sizes', size, '--executor', options.executor];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as { rate: number; peakMb: number; parameters: number; executor: string };
  });
  const measured = score ?? train;
  if (!measured) throw new Error(`expected --works of ${WORKS.join(', ')}, got ${options.works}`);
  return {
    size,
    parameters: measured.parameters,
    executor: measured.executor,
    score: score?.rate ?? null,
    train: train?.rate ?? null,
    scoreMb: score?.peakMb ?? null,
    trainMb: train?.peakMb ?? null,
    torch: SCORED_ONLY.includes(size) ? null : torchRates(size),
  };
}

function torchRates(size: string): Result['torch'] {
  const python = process.env.SLUICE_PYTHON ?? 'python3';
  if (spawnSync(python, ['-c', 'import torch, transformers']).status !== 0) return null;
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const saved = spawnSync(process.execPath, ['--import', 'tsx', self, '--only', folder, '--sizes', size]);
    if (saved.status !== 0) throw new Error(String(saved.stderr));
    const script = fileURLToPath(new URL('../make/torch-oracle.py', import.meta.url));
    const ratesOf = (way: TorchWay): TorchRates => {
      const args = [script, 'bench', folder, `${ROWS}`, `${LENGTH}`, way, options.works];
      const { status, stdout, stderr } = spawnSync(python, args, { encoding: 'utf8' });
      if (status === 0) return JSON.parse(stdout) as TorchRates;
      if (way === 'eager') throw new Error(stderr);
      return { failed: stderr.trim().split('\n').at(-1)! };
    };
    const ways = TORCH_WAYS.filter((way) => options.against.split(',').includes(way));
    return Object.fromEntries(ways.map((way) => [way, ratesOf(way)]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report(results: readonly Result[]): void {
  console.log(
    `${results[0].executor}; tokens per CPU-second, ${ROWS} x ${LENGTH} tokens at once, median of ` +
      `${REPEATS} stretches of ${STRETCH} s`,
  );
  if (results.every((r) => r.torch === null && !SCORED_ONLY.includes(r.size)))
    console.log('PyTorch: skipped, no Python with torch and transformers');
  for (const r of results) {
    console.log(`${r.size} (${(r.parameters / 1e6).toFixed(2)} M parameters)`);
    for (const work of WORKS) {
      const rate = r[work];
      if (rate === null) continue;
      const target = TARGETS[r.size][work];
      const wanted = target ? `, wanted ${target}: ${rate >= target ? 'met' : 'MISSED'}` : '';
      const torch = TORCH_WAYS.map((way) => {
        const rates = r.torch?.[way];
        if (!rates) return '';
        if ('failed' in rates) return `, ${way}: failed (${rates.failed})`;
        const other = rates[work]!;
        return `, PyTorch ${rates.version} ${way} ${other.toFixed(0)}: ratio ${(rate / other).toFixed(2)}`;
      }).join('');
      const mb = work === 'score' ? r.scoreMb : r.trainMb;
      console.log(`  ${work} ${rate.toFixed(0).padStart(6)}${wanted}${torch}, peak memory ${mb?.toFixed(0)} MB`);
    }
  }
}

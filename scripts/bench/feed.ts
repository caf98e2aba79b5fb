// From a store of tokens to a trainer, beside MosaicML Streaming and a memory-mapped loader on the same tokens:
//   SLUICE_PYTHON=<python with torch, pyarrow, streaming> npm run bench:feed [-- --mb 60] [--context 2048] [--batch 64]
//     [--tokenizer FILE] [--runs 5] [--seconds 4] [--json]
// FILE: `bytes` or a tokenizer.json; default: that of GPT-NeoX in the corpora. Parts: sequences in this process;
// batches of torch tensors behind a DataLoader with 0 and 2 workers; what packing costs. Rates are wall time on what
// cores there are, since server and trainer work at once; beside them a CPU-second of both.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { proportional } from '../../src/mixture/schedulers/proportional.ts';
import { exportTokens } from '../../src/run/export/export.ts';
import { openFeed } from '../../src/run/feed/feed.ts';
import { openStores } from '../../src/run/feed/stores.ts';
import { exportFormat } from '../../src/sinks/exports/table.ts';
import { Sequences } from '../../src/streams/tokens/sequences.ts';
import { readSplitIndex } from '../../src/streams/tokens/split-index.ts';
import { benchmarkLines, corporaFolder, inTemporaryFolder, median } from './corpus.ts';

const { values } = parseArgs({
  options: {
    mb: { type: 'string', default: '60' },
    context: { type: 'string', default: '2048' },
    batch: { type: 'string', default: '64' },
    tokenizer: { type: 'string' },
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    json: { type: 'boolean' },
  },
});
const contextLength = Number(values.context);
const sequencesPerStep = Number(values.batch);
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const corpora = corporaFolder();
const neox = corpora && join(corpora, 'conformance/tokenizers/gpt-neo-test-tokenizer.json');
const tokenizer = values.tokenizer ?? (neox && existsSync(neox) ? neox : 'bytes');
const PACKINGS = ['concat', 'best-fit'] as const;

interface Rate {
  readonly name: string;
  /** Million tokens a second. */
  readonly rate: number;
  /** A CPU-second of loader and server together. */
  readonly perCpu?: number;
  readonly note?: string;
}

const { lines, what } = benchmarkLines(Number(values.mb) * 1e6);
const { folder, input, done } = inTemporaryFolder(lines);
const run = join(folder, 'run');
const made = spawnSync(
  process.execPath,
  [cli, 'run', 'tokens', '--tokens', tokenizer, '--input', input, '--output', run],
  { encoding: 'utf8' },
);
if (made.status !== 0) throw new Error(made.stderr);
const stores = await openStores([run]);
const tokens = stores.splits.reduce((n, s) => n + [...(s?.tokens.values() ?? [])].reduce((a, b) => a + b, 0), 0);
const cut = (packing: (typeof PACKINGS)[number]) =>
  new Sequences({ contextLength, packing, windowSplits: 8, cacheBytes: 64 << 20 });

/** Steps in this process, mixed over the domains in proportion to their tokens, an epoch at most. */
async function inProcess(packing: (typeof PACKINGS)[number]): Promise<Rate> {
  const rates: number[] = [];
  for (let i = 0; i < Number(values.runs); i++) {
    const feed = await openFeed({
      stores: [run],
      state: join(folder, `feed-${packing}-${i}`),
      scheduler: proportional(),
      contextLength,
      sequencesPerStep,
      packing,
    });
    const steps = Math.max(8, Math.min(400, Math.floor(tokens / contextLength / sequencesPerStep)));
    const began = performance.now();
    let held = 0;
    for (let from = 0; from < steps; from += 8) {
      const asked = { from, count: Math.min(8, steps - from), stride: 1, rank: 0, world: 1 };
      for (const step of (await feed.pull(asked, AbortSignal.timeout(60_000))).steps)
        for (const s of step.sequences) held += s.length;
    }
    rates.push(held / 1e3 / (performance.now() - began));
    await feed.close();
  }
  return { name: `in process, ${packing}`, rate: median(rates) };
}

/** Shares of padding, and of documents that do not stand whole in one sequence. */
async function packing(kind: (typeof PACKINGS)[number]) {
  const sequences = cut(kind);
  await sequences.extend(stores.splits, true);
  const rows = sequences.domains.reduce((n, d) => n + sequences.count(d), 0);
  sequences.close();
  const ends = new Map<string, number>();
  let [documents, whole, fitting] = [0, 0, 0];
  for (const split of stores.splits) {
    if (split === null) continue;
    for (const [domain, { before }] of await readSplitIndex(split)) {
      const base = ends.get(domain) ?? 0;
      for (let d = 0; d + 1 < before.length; d++) {
        const [from, to] = [base + before[d], base + before[d + 1]];
        documents++;
        if (to - from <= contextLength) fitting++;
        const fits =
          kind === 'best-fit'
            ? to - from <= contextLength
            : Math.floor(from / contextLength) === Math.floor((to - 1) / contextLength);
        if (fits) whole++;
      }
      ends.set(domain, base + (before.at(-1) ?? 0));
    }
  }
  const padding = 1 - tokens / (rows * contextLength);
  return {
    packing: kind,
    rows,
    padding,
    documents,
    cut: 1 - whole / documents,
    cutThatFit: (fitting - whole) / documents,
  };
}

interface Consumer {
  readonly python: string;
  readonly missing: readonly string[];
}

function consumer(): Consumer | string {
  const python = process.env.SLUICE_PYTHON ?? 'python3';
  const has = (module: string): boolean => spawnSync(python, ['-c', `import ${module}`]).status === 0;
  if (!has('torch') || !has('pyarrow')) return 'no Python with torch and pyarrow (SLUICE_PYTHON names one)';
  return { python, missing: has('streaming') ? [] : ['streaming'] };
}

/** Rates of the loaders in Python, in turns, with the peak memory of the server. */
async function behindLoaders({ python, missing }: Consumer): Promise<{ rates: Rate[]; serverMb: number | null }> {
  const nanogpt = join(folder, 'nanogpt');
  await exportTokens({ stores: [run], format: exportFormat('nanogpt'), output: nanogpt, valShare: 0 });
  const mds = join(folder, 'mds');
  await exportTokens({ stores: [run], format: exportFormat('mds'), output: mds, packing: 'concat', contextLength });
  const server = spawn(
    process.execPath,
    [cli, 'feed', run, '--context', values.context, '--batch', values.batch, '--port', '0', '--json', '--every', '0'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const { value } = await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next();
    const { url } = JSON.parse(value as string) as { url: string };
    const script = fileURLToPath(new URL('feed-loaders.py', import.meta.url));
    const client = fileURLToPath(new URL('../../python/sluice_feed', import.meta.url));
    const { status, stdout } = spawnSync(
      python,
      [script, url, String(server.pid), mds, nanogpt, values.context, values.batch, values.seconds, ...missing],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, PYTHONPATH: client } },
    );
    if (status !== 0) throw new Error('the loaders in Python failed');
    const rates = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Rate);
    return { rates, serverMb: peakMb(server.pid!) };
  } finally {
    server.kill('SIGTERM');
  }
}

/** Peak resident memory of a process; null where the system does not say. */
function peakMb(pid: number): number | null {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return null;
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(path, 'utf8'))![1]) / 1024);
}

const rates: Rate[] = [];
for (const kind of PACKINGS) rates.push(await inProcess(kind));
const found = consumer();
const beside = typeof found === 'string' ? null : await behindLoaders(found);
const packed = [await packing('concat'), await packing('best-fit')];
done();

const facts = { what, tokens, contextLength, sequencesPerStep, node: process.version };
if (values.json) console.log(JSON.stringify({ ...facts, rates, beside, packed }, null, 2));
else {
  console.log(
    `${what}, ${(tokens / 1e6).toFixed(1)} M tokens, ${stores.vocabulary.size} ids; context ${contextLength}, ` +
      `${sequencesPerStep} sequences a step; million tokens a second, wall time, median`,
  );
  for (const { name, rate } of rates) console.log(`${name.padEnd(44)} ${rate.toFixed(1).padStart(8)}   target 10`);
  if (beside === null) console.log(`behind a DataLoader: skipped, ${found as string}`);
  else {
    for (const { name, rate, perCpu, note } of beside.rates) {
      const workers = name.slice(name.lastIndexOf(','));
      const ours = beside.rates.find((r) => r.name === `FeedDataset${workers}`);
      const times = (a = Number.NaN, b = Number.NaN): string => (a / b).toFixed(2);
      console.log(
        `${name.padEnd(44)} ` +
          (note ??
            `${rate.toFixed(1).padStart(8)}   FeedDataset is x ${times(ours?.rate, rate)}   ` +
              `${(perCpu ?? Number.NaN).toFixed(1).padStart(6)} a CPU-second, x ${times(ours?.perCpu, perCpu)}`),
      );
    }
    console.log(`peak memory of the server: ${beside.serverMb === null ? 'not told here' : `${beside.serverMb} MB`}`);
  }
  for (const p of packed)
    console.log(
      `${p.packing.padEnd(10)} ${p.rows} sequences, ${(100 * p.padding).toFixed(2)} % padding; of ${p.documents} ` +
        `documents ${(100 * p.cut).toFixed(1)} % cut, ${(100 * p.cutThatFit).toFixed(1)} % though they fit a sequence`,
    );
}

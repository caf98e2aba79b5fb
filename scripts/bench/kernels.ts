// Speed of the statistics and C4 kernels as a ratio to JSON.parse of the same documents in the same run (CPU time,
// median of 5): npx tsx scripts/bench/kernels.ts [--json] [--mb 50] Text: mixed/ of $SLUICE_CORPORA or
// ../shared/corpora beside the clone, else the text files of node_modules.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { decompress } from 'fzstd';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { FAMILY } from '../../src/kernels/statistics.ts';
import { type Utf8Column, utf8Column } from '../../src/streams/batch/columns.ts';

const { values: options } = parseArgs({ options: { json: { type: 'boolean' }, mb: { type: 'string' } } });
const limit = Number(options.mb ?? 50) * 1e6;
const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const corpora = join(process.env.SLUICE_CORPORA ?? local('../../../shared/corpora'), 'mixed');

/** JSON lines with a `text`, evenly over all files. */
function lines(): string[] {
  if (existsSync(corpora)) {
    const all = readdirSync(corpora)
      .filter((f) => f.endsWith('.jsonl.zst'))
      .sort()
      .flatMap((f) => new TextDecoder().decode(decompress(readFileSync(join(corpora, f)))).split('\n'))
      .filter(Boolean);
    const step = Math.max(1, all.reduce((n, l) => n + l.length, 0) / limit);
    return Array.from({ length: Math.floor(all.length / step) }, (_, i) => all[Math.floor(i * step)]);
  }
  const out: string[] = [];
  let size = 0;
  const modules = local('../../node_modules');
  for (const file of readdirSync(modules, { recursive: true }) as string[]) {
    if (!/\.(md|ts|js)$/.test(file)) continue;
    let text: string;
    try {
      text = readFileSync(join(modules, file), 'utf8').slice(0, 30_000);
    } catch {
      continue; // a folder named like a file
    }
    out.push(JSON.stringify({ id: file, text }));
    size += text.length;
    if (size > limit) break;
  }
  return out;
}

const records = lines();
const texts = records.map((line) => JSON.parse(line).text as string);
const batches: Utf8Column[] = [];
for (let from = 0; from < texts.length; ) {
  let to = from;
  for (let size = 0; to < texts.length && size < 1.5e6; to++) size += texts[to].length;
  batches.push(utf8Column(texts.slice(from, to)));
  from = to;
}
const bytes = batches.reduce((n, b) => n + b.values.length, 0);

function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const kernel = await loadKernel();
const statistics = (families: number) => () => {
  for (const b of batches) kernel.statistics(b.values, b.offsets, b.offsets.length - 1, null, families);
};
let sink = 0;
const work: Record<string, () => void> = {
  'JSON.parse': () => {
    for (const line of records) sink += JSON.parse(line).text.length;
  },
  'gopher + fineweb': statistics(FAMILY.gopher_quality | FAMILY.gopher_repetition | FAMILY.fineweb),
  'all statistics': statistics(FAMILY.all),
  'gopher quality': statistics(FAMILY.gopher_quality),
  'gopher repetition': statistics(FAMILY.gopher_repetition),
  fineweb: statistics(FAMILY.fineweb),
  text: statistics(FAMILY.text),
  'c4 lines': () => {
    for (const b of batches) kernel.c4Lines(b.values, b.offsets, b.offsets.length - 1);
  },
};
const times: Record<string, number[]> = {};
// Rounds in turn, so that a slow moment of the machine meets all of them; the first is warm-up.
for (let round = 0; round <= 5; round++) {
  for (const [name, run] of Object.entries(work)) {
    const seconds = cpuSeconds(run);
    times[name] ??= [];
    if (round > 0) times[name].push(seconds);
  }
}
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];
const base = median(times['JSON.parse']);
const results = Object.entries(times).map(([name, t]) => ({
  name,
  mbPerSecond: Math.round(bytes / median(t) / 1e5) / 10,
  ratio: Math.round((base / median(t)) * 1000) / 1000,
}));
if (options.json) {
  process.stdout.write(
    `${JSON.stringify({
      node: process.version,
      documents: texts.length,
      bytes,
      results,
      memory: kernel.memoryBytes(),
    })}\n`,
  );
} else {
  process.stdout.write(`${texts.length} documents, ${(bytes / 1e6).toFixed(1)} MB of text; Node ${process.version}\n`);
  for (const r of results)
    process.stdout.write(
      `${r.name.padEnd(20)} ${r.mbPerSecond.toFixed(1).padStart(8)} MB/s  ratio ${r.ratio.toFixed(3)}\n`,
    );
  process.stdout.write(`kernel memory ${(kernel.memoryBytes() / 1e6).toFixed(1)} MB\n`);
}
if (sink === 0) process.exitCode = 1;

// Feeds made-up and damaged JSON lines through reader, scanner, statistics, content hash, C4 rules, n-grams, MinHash
// and substring anchors, and compares every document with the plain TypeScript references: npm run fuzz -- [--documents
// 10000000] [--seed 1] [--workers 1] [--from BATCH] [--batch BATCH]. With --tables: damaged Parquet and Arrow files of
// the conformance suite, a file a batch, which must give documents or records set aside with a place. A document
// depends on seed and batch number only: `--batch N` runs one batch again. Ends with `N passed, N failed`, a part each.
import { parseArgs } from 'node:util';
import { workerPool } from '../../src/threads.ts';
import { type FuzzCount, LINES } from './check.ts';

const { values: given } = parseArgs({
  options: {
    documents: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    batch: { type: 'string' },
    tables: { type: 'boolean', default: false },
  },
});
const [documents, seed, workers] = [Number(given.documents), Number(given.seed), Number(given.workers)];
const first = Number(given.batch ?? given.from);
/** Batches of one task, and the time in which it must come back, on however busy a machine. */
const TASK = given.batch === undefined ? 64 : 1;
const TASK_MS = 300_000;
const SAID_MS = 10_000;

const pool = workerPool(new URL('./worker', import.meta.url), { workers });
const sum: FuzzCount = { records: 0, documents: 0, quarantined: 0, bytes: 0, differences: [] };
let hung = 0;
let next = first;
const started = performance.now();
const cpu = process.cpuUsage();
let said = started;

function say(): void {
  said = performance.now();
  const seconds = (said - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const rate = Math.round(sum.records / ((user + system) / 1e6));
  process.stdout.write(
    `${sum.records} documents fuzzed (${sum.documents} read, ${sum.quarantined} set aside, ${sum.bytes} ` +
      `bytes; batches ${first} to ${next - 1}) ` +
      `in ${Math.round(seconds)} s: ${rate} a CPU-second; ${sum.differences.length} differences, ${hung} ` +
      'crashes or hangs\n',
  );
}

async function work(): Promise<void> {
  while (sum.records < documents && (given.batch === undefined || next === first)) {
    const from = next;
    next += TASK;
    try {
      const task = { seed, from, to: from + TASK, tables: given.tables };
      const got = (await pool.run(task, { signal: AbortSignal.timeout(TASK_MS) })) as FuzzCount;
      sum.records += got.records;
      sum.documents += got.documents;
      sum.quarantined += got.quarantined;
      sum.bytes += got.bytes;
      for (const d of got.differences) if (sum.differences.push(d) <= 20) process.stdout.write(`${d}\n`);
    } catch (error) {
      hung++;
      process.stdout.write(`--seed ${seed}, batches ${from} to ${from + TASK - 1}: ${(error as Error).message}\n`);
    }
    if (performance.now() - said > SAID_MS) say();
  }
}

await Promise.all(Array.from({ length: workers }, work));
await pool.destroy();
say();
const parts = [
  sum.records > 0 && (given.batch !== undefined || sum.records >= Math.min(documents, given.tables ? 1 : LINES)),
  sum.differences.length === 0,
  hung === 0,
];
const passed = parts.filter(Boolean).length;
process.stdout.write(`${passed} passed, ${parts.length - passed} failed\n`);
process.exitCode = passed === parts.length ? 0 : 1;

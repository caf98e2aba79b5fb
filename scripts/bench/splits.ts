// What a commit costs when there are many: a run directory of so many splits, its commits made by the code of a run,
// then a resume that reads them all. Time of a commit at the beginning and at the end, start of a resume, memory.
//   npm run bench -- splits [--splits 100000] [--json]
// Fsync is left out: it costs the same for the first split as for the last, and would hide what this measures.
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { xxh64Hex } from '../../src/hash.ts';
import { RunDirectory } from '../../src/run/directory/run-directory.ts';
import { SplitOrder } from '../../src/run/split-order.ts';
import { type Counters, emptyCounters, ruleCounters } from '../../src/streams/commits/counters.ts';
import { splitPhase } from '../../src/streams/commits/phase.ts';
import { totalsOf } from '../../src/streams/commits/store.ts';

const { values } = parseArgs({ options: { splits: { type: 'string', default: '100000' }, json: { type: 'boolean' } } });
const splits = Number(values.splits);
const folder = mkdtempSync(join(tmpdir(), 'sluice-splits-'));

const probe = await open(import.meta.filename, 'r');
const prototype = Object.getPrototypeOf(probe);
await probe.close();
prototype.sync = async () => {};

/** Counters of a split as a recipe with two families of rules leaves them: 14 rules with three examples each. */
function counters(): Counters {
  const c = emptyCounters();
  for (const k of ['read', 'kept'] as const) Object.assign(c[k], { documents: 9000, bytes: 32e6, tokens: 7e6 });
  for (const domain of ['web', 'books', 'code']) {
    const amount = () => ({ documents: 3000, bytes: 10e6, tokens: 2e6 });
    c.domains[domain] = { read: amount(), kept: amount(), dropped: amount() };
  }
  for (const step of ['gopher_quality', 'fineweb'])
    c.steps[step] = Object.fromEntries(
      Array.from({ length: 7 }, (_, i) => {
        const example = {
          id: `<urn:uuid:0123456789abcdef-${i}>`,
          domain: 'web',
          value: i / 7,
          excerpt: 'word '.repeat(48),
        };
        return [
          `${step}_rule_${i}`,
          { ...ruleCounters(0.5), dropped: 40, failed: 90, examples: [example, example, example] },
        ];
      }),
    );
  return c;
}

const directory = await RunDirectory.open(folder);
await directory.makeFolders(['documents', 'ledger']);
const order = new SplitOrder(
  Array.from({ length: splits }, (_, i) => i),
  (split) => {
    const head = directory.commits.get(splitPhase(0), split);
    return head ? [...directory.commits.countersOf([head])].map(([, c]) => c) : null;
  },
);
/** Of every file: a resume looks at sizes and times, and hashes what was touched since its commit. */
const CONTENT = 'a segment';
const xxh64 = await xxh64Hex(CONTENT);
const number = (n: number): string => String(n).padStart(6, '0');
async function commit(split: number): Promise<void> {
  const files = ['documents', 'ledger'].map((sink) => ({
    sink,
    path: `${sink}/split-${number(split)}-0.parquet`,
    rows: 9000,
    bytes: CONTENT.length,
    textBytes: 32_000_000,
    xxh64,
  }));
  for (const { path } of files) writeFileSync(join(folder, `${path}.tmp`), CONTENT);
  await directory.commit({ phase: splitPhase(0), split, files, replaces: [], counters: counters() });
  for (const _ of order.advance());
}

const EVERY = Math.max(1, Math.floor(splits / 10));
const microseconds: number[] = [];
for (let from = 0; from < splits; from += EVERY) {
  const cpu = process.cpuUsage();
  const to = Math.min(splits, from + EVERY);
  for (let i = from; i < to; i++) await commit(i);
  const { user, system } = process.cpuUsage(cpu);
  microseconds.push((user + system) / (to - from));
}
const log = statSync(join(folder, 'commits.jsonl')).size;

globalThis.gc?.();
const before = process.memoryUsage().rss;
const started = performance.now();
const resumed = await RunDirectory.open(folder);
const opened = (performance.now() - started) / 1000;
globalThis.gc?.();
const memory = process.memoryUsage();
const swept = performance.now();
await resumed.sweep();
const sweep = (performance.now() - swept) / 1000;
const counted = performance.now();
const totals = totalsOf(resumed.commits);
const total = (performance.now() - counted) / 1000;
if (totals.read.documents !== 9000 * splits) throw new Error(`${totals.read.documents} documents of ${9000 * splits}`);
appendFileSync(join(folder, 'done'), '');
rmSync(folder, { recursive: true });

const result = {
  splits,
  logMegabytes: log / 1e6,
  microsecondsPerCommit: microseconds.map(Math.round),
  openSeconds: opened,
  sweepSeconds: sweep,
  totalsSeconds: total,
  heapMegabytes: memory.heapUsed / 1e6,
  rssMegabytes: memory.rss / 1e6,
  rssBefore: before / 1e6,
};
if (values.json) console.log(JSON.stringify(result));
else {
  const [first, last] = [microseconds[0], microseconds[microseconds.length - 1]];
  console.log(`${splits} splits, commits.jsonl of ${result.logMegabytes.toFixed(0)} MB`);
  console.log(
    `CPU of a commit, each tenth of them: ${result.microsecondsPerCommit.join(' ')} µs (last / first ` +
      `${(last / first).toFixed(2)})`,
  );
  console.log(
    `a resume: ${opened.toFixed(1)} s to read the log, ${sweep.toFixed(1)} s to look at the files; ` +
      `totals ${total.toFixed(1)} s`,
  );
  console.log(
    `heap with two stores of them: ${result.heapMegabytes.toFixed(0)} MB, resident ` +
      `${result.rssMegabytes.toFixed(0)} MB`,
  );
}

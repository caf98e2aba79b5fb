// What durability costs: the same run with and without fsync, wall time, interleaved, median. Promise: <= 2 %.
//   npm run bench -- commits [--json] [--mb 60] [--runs 5]
// Only fsync is stubbed: renames and commit lines are what the next phase reads.
import { open } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { lastValueFrom } from 'rxjs';
import { annotate, drop, fineweb, finewebRules, gopherQuality, gopherQualityRules, recipe, run } from 'sluice';
import { importInWorkers } from '../dist/streams/pool.js';
import { benchmarkLines, inTemporaryFolder, median } from './bench-corpus.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, mb: { type: 'string', default: '60' }, runs: { type: 'string', default: '5' } },
});
const { lines, what } = benchmarkLines(Number(values.mb) * 1e6);
const { folder, input, done } = inTemporaryFolder(lines);

// Every thread, started with this, counts fsyncs or leaves them out, as the environment says.
const stub = `import { open } from 'node:fs/promises';
const handle = await open(${JSON.stringify(input)});
const prototype = Object.getPrototypeOf(handle);
await handle.close();
const { sync } = prototype;
prototype.sync = function () { return process.env.SLUICE_BENCH_NO_FSYNC ? Promise.resolve() : sync.call(this); };`;
const url = `data:text/javascript,${encodeURIComponent(stub)}`;
importInWorkers(url);
await import(url);
const probe = await open(input);
const prototype = Object.getPrototypeOf(probe) as { sync(): Promise<void> };
await probe.close();
const counted = prototype.sync;
let flushes = 0;
prototype.sync = function () {
  flushes++;
  return counted.call(this);
};

const chain = recipe({
  name: 'bench',
  steps: [
    annotate(gopherQuality(), fineweb(), { step: 'scores' }),
    drop('gopher_quality', gopherQualityRules()),
    drop('fineweb', finewebRules()),
  ],
});

async function seconds(fsync: boolean): Promise<number> {
  if (fsync) delete process.env.SLUICE_BENCH_NO_FSYNC;
  else process.env.SLUICE_BENCH_NO_FSYNC = '1';
  const started = performance.now();
  await lastValueFrom(run(chain, { input: [input], output: `${folder}/out`, fresh: true }));
  return (performance.now() - started) / 1000;
}

await seconds(true);
flushes = 0;
await seconds(true);
const onMain = flushes;
const pairs: [number, number][] = [];
for (let i = 0; i < Number(values.runs); i++) {
  // The order changes, so that neither always runs on a warm cache.
  const first = i % 2 === 0;
  const a = await seconds(first);
  const b = await seconds(!first);
  pairs.push(first ? [a, b] : [b, a]);
}
done();
const cost = median(pairs.map(([durable, bare]) => durable / bare - 1));
const [durable, bare] = [median(pairs.map((p) => p[0])), median(pairs.map((p) => p[1]))];
const megabytes = lines.length / 1e6;
const result = { what, megabytes, durable, bare, cost, flushesOnMainThread: onMain };
if (values.json) console.log(JSON.stringify(result));
else {
  console.log(
    `${what}, ${megabytes.toFixed(0)} MB, splits of 32 MB: ${onMain} fsyncs of the main thread besides those of the segments`,
  );
  console.log(`with fsync ${(megabytes / durable).toFixed(1)} MB/s, without ${(megabytes / bare).toFixed(1)} MB/s`);
  console.log(`cost of commits: ${(cost * 100).toFixed(1)} % (median of ${pairs.length} pairs; promise <= 2 %)`);
}

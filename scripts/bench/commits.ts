// What durability costs: the same run with and without fsync, wall time, interleaved, median. Promise: <= 2 %.
//   npm run bench -- commits [--json] [--mb 60] [--runs 5]
// Only fsync is stubbed: renames and commit lines are what the next phase reads.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { lastValueFrom } from 'rxjs';
import { annotate, drop, fineweb, finewebRules, gopherQuality, gopherQualityRules, recipe, run } from 'sluice';
import { importInWorkers } from '../../dist/threads.js';
import { benchmarkLines, inTemporaryFolder, median } from './corpus.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, mb: { type: 'string', default: '60' }, runs: { type: 'string', default: '5' } },
});
const { lines, what } = benchmarkLines(Number(values.mb) * 1e6);
const { folder, input, done } = inTemporaryFolder(lines);

// Every thread, started with this, leaves fsyncs out or writes down what each takes, as the environment says.
const stub = `import { appendFileSync, fsyncSync } from 'node:fs';
import { open } from 'node:fs/promises';
const handle = await open(${JSON.stringify(input)});
const prototype = Object.getPrototypeOf(handle);
await handle.close();
const { sync } = prototype;
prototype.sync = async function () {
  const mode = process.env.SLUICE_BENCH_FSYNC;
  if (mode === 'none') return;
  if (mode !== 'timed') return sync.call(this);
  const started = performance.now();
  fsyncSync(this.fd);
  appendFileSync(${JSON.stringify(`${folder}/fsyncs`)}, (performance.now() - started) + '\\n');
};`;
const url = `data:text/javascript,${encodeURIComponent(stub)}`;
importInWorkers(url);
await import(url);

const chain = recipe({
  name: 'bench',
  steps: [
    annotate(gopherQuality(), fineweb(), { step: 'scores' }),
    drop('gopher_quality', gopherQualityRules()),
    drop('fineweb', finewebRules()),
  ],
});

async function seconds(fsync: 'real' | 'none' | 'timed'): Promise<number> {
  process.env.SLUICE_BENCH_FSYNC = fsync;
  const started = performance.now();
  await lastValueFrom(run(chain, { input: [input], output: `${folder}/out`, fresh: true }));
  return (performance.now() - started) / 1000;
}

await seconds('real');
// Does not depend on who else uses the machine: what the calls take, against the CPU time of the run.
const cpuBefore = process.cpuUsage();
await seconds('timed');
const used = process.cpuUsage(cpuBefore);
const cpu = (used.user + used.system) / 1e6;
const calls = readFileSync(`${folder}/fsyncs`, 'utf8').trim().split('\n').map(Number);
const waited = calls.reduce((a, b) => a + b, 0) / 1000;
const pairs: [number, number][] = [];
for (let i = 0; i < Number(values.runs); i++) {
  // The order changes, so that neither always runs on a warm cache.
  const first = i % 2 === 0;
  const a = await seconds(first ? 'real' : 'none');
  const b = await seconds(first ? 'none' : 'real');
  pairs.push(first ? [a, b] : [b, a]);
}
done();
const cost = median(pairs.map(([durable, bare]) => durable / bare - 1));
const [durable, bare] = [median(pairs.map((p) => p[0])), median(pairs.map((p) => p[1]))];
const megabytes = lines.length / 1e6;
const result = { what, megabytes, durable, bare, cost, fsyncs: calls.length, fsyncSeconds: waited, cpuSeconds: cpu };
if (values.json) console.log(JSON.stringify(result));
else {
  console.log(
    `${what}, ${megabytes.toFixed(0)} MB, splits of 32 MB: ${calls.length} fsyncs take ` +
      `${(1000 * waited).toFixed(0)} ms in all, ${((100 * waited) / cpu).toFixed(1)} % of the ` +
      `${cpu.toFixed(1)} s of CPU time`,
  );
  console.log(`with fsync ${(megabytes / durable).toFixed(1)} MB/s, without ${(megabytes / bare).toFixed(1)} MB/s`);
  console.log(`cost of commits: ${(cost * 100).toFixed(1)} % (median of ${pairs.length} pairs; promise <= 2 %)`);
}

// What `--live` costs a run: CPU time of this whole process, with its page open in another process that reads all
// events, beside the same run without. Runs alternate A B B A, so that a drift of the machine cancels out;
// the interval is Student's over the pairs. Opening the page comes before the
// clock starts. Beside it the time that the main thread is at work, where all of the page is done: that varies less.
// Needs a build.
//   npx tsx scripts/bench/live-cost.ts [--blocks 4] [--mb 16]
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lastValueFrom, tap } from 'rxjs';
import { annotate, drop, gopherQuality, gopherQualityRules, parquet, recipe, run, textStatistics } from 'sluice';
import { watchRun } from '../../src/cli/run/live.ts';
import { benchmarkLines } from './corpus.ts';

const { values } = parseArgs({
  options: { blocks: { type: 'string', default: '4' }, mb: { type: 'string', default: '16' } },
});
const folder = mkdtempSync(join(tmpdir(), 'sluice-live-cost-'));
const { lines, what } = benchmarkLines(Number(values.mb) * 1e6);
writeFileSync(join(folder, 'in.jsonl'), lines);
const steps = [annotate(gopherQuality(), textStatistics()), drop('quality', gopherQualityRules())];
const made = recipe({ name: 'live-cost', steps, sinks: [parquet()], splitBytes: 4e6 });
const allow = { rule: ['gopher_min_words'], dropShare: ['all'], cluster: [], quarantine: true };

interface Cost {
  /** Seconds of CPU of the process. */
  readonly cpu: number;
  /** Seconds in which the main thread was at work. */
  readonly main: number;
}

async function runOnce(live: boolean): Promise<Cost> {
  let address = '';
  const note = (line: string): void => {
    address = /http:\S+/.exec(line)?.[0] ?? address;
  };
  const watch = live ? await watchRun({ live: '0', webhook: null, limit: null, note }) : null;
  const reading = address === '' ? null : await readEvents(new URL('/events', address));
  // The page is open and read: what a run pays is what follows.
  const thread = performance.eventLoopUtilization();
  const before = process.cpuUsage();
  const options = { input: [join(folder, 'in.jsonl')], output: join(folder, 'out'), fresh: true, workers: 1, allow };
  await lastValueFrom(run(made, options).pipe(tap((e) => watch?.event(e))));
  const { user, system } = process.cpuUsage(before);
  const { active } = performance.eventLoopUtilization(thread);
  reading?.kill();
  await watch?.end(null);
  return { cpu: (user + system) / 1e6, main: active / 1e3 };
}

/** Reads in a process of its own, as a browser does; says when the first event has come. */
const READER = `
const reader = (await fetch(process.argv[1])).body.getReader();
await reader.read();
console.log('open');
while (!(await reader.read().catch(() => ({ done: true }))).done);`;

async function readEvents(url: URL): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', READER, url.href], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  return child;
}

await runOnce(true);
await runOnce(false);
const pairs: { readonly without: Cost; readonly live: Cost }[] = [];
for (let block = 0; block < Number(values.blocks); block++) {
  const [a1, b1, b2, a2] = [await runOnce(false), await runOnce(true), await runOnce(true), await runOnce(false)];
  pairs.push({ without: a1, live: b1 }, { without: a2, live: b2 });
}
rmSync(folder, { recursive: true });
const n = pairs.length;
/** Student's t at 97.5 %, for 1, 3, 5, 7, ... degrees of freedom. */
const T = [12.71, 3.18, 2.57, 2.36, 2.26, 2.2, 2.16, 2.13, 2.11, 2.09, 2.08, 2.07, 2.06, 2.05, 2.05, 2.04];
const percent = (x: number): string => `${(100 * x).toFixed(2)} %`;
function interval(shares: readonly number[]): string {
  const mean = shares.reduce((a, b) => a + b, 0) / n;
  const spread = Math.sqrt(shares.reduce((s, r) => s + (r - mean) ** 2, 0) / (n - 1) / n);
  const t = T[Math.min(T.length, n / 2) - 1] * spread;
  return `${percent(mean)} more (95 %: ${percent(mean - t)} to ${percent(mean + t)})`;
}
const cpu = pairs.reduce((s, p) => s + p.without.cpu, 0) / n;
const main = pairs.reduce((s, p) => s + p.without.main, 0) / n;
console.log(
  `${(lines.length / 1e6).toFixed(1)} MB (${what}), ${n} pairs, ${cpu.toFixed(2)} s of CPU a run, of which the main ` +
    `thread ${main.toFixed(2)} s. With its page open and read:\n` +
    `  CPU of the process  ${interval(pairs.map((p) => p.live.cpu / p.without.cpu - 1))}\n` +
    `  main thread, of it  ${interval(pairs.map((p) => (p.live.main - p.without.main) / p.without.cpu))}`,
);

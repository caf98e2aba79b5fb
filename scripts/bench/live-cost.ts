// What `--live` costs a run with its page open in another process that reads all events. All of it is done on the main
// thread, so the profile of that thread says which part of its work is in the modules of the page and in the network;
// that part of the CPU time of the thread, over the CPU time of the whole process, once for each run. Student's
// interval over the runs. A sample counts for the time of the processor that it can stand for, not for the time in
// which other programs had the processor. `--blocks N`: also the CPU time of N x 4 runs with and without, in turns
// A B B A, which varies by more than what is measured. Opening the page comes before the clock starts. Linux; needs a
// build.
//   npm run bench -- live-cost [--runs 8] [--mb 12] [--names 12] [--blocks 0]      about two minutes
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lastValueFrom, tap } from 'rxjs';
import { annotate, drop, gopherQuality, gopherQualityRules, parquet, recipe, run, textStatistics } from 'sluice';
import { watchRun } from '../../dist/cli/run/live.js';
import { benchmarkLines } from './corpus.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '8' },
    names: { type: 'string', default: '12' },
    blocks: { type: 'string', default: '0' },
    mb: { type: 'string', default: '12' },
  },
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
  /** Seconds of CPU of the main thread. */
  readonly main: number;
  /** Part of the work of that thread that is for the page; 0 where it was not profiled. */
  readonly share: number;
}

/** CPU time of the main thread, as Linux tells it. */
const threadSeconds = (): number =>
  Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9;

/** Between two samples of a thread that runs. */
const SAMPLE_MICROS = 200;

/** Modules of the page. */
const LIVE = /^(run|sinks|ledger)\/live\/|^cli\/run\/live\./;
/** A run without its page has nothing to do with the network. */
const NETWORK = /^node:(net|http|_http_\w+|internal\/(http|stream_base_commons))$/;

/** The modules in a file of the build, by the line at which each begins: a chunk holds many. */
const modulesOf = new Map<string, readonly (readonly [line: number, module: string])[]>();

/** The module of a function: of the build without its folder, else as it is known to the profiler. */
function moduleOf({ url, lineNumber }: Profiler.ProfileNode['callFrame']): string {
  const own = /\/dist\/(.+)$/.exec(url)?.[1];
  if (own === undefined) return url;
  let modules = modulesOf.get(url);
  if (modules === undefined) {
    const code = readFileSync(fileURLToPath(url), 'utf8').split('\n');
    modules = code.flatMap((text, line) => {
      const name = /^\/\/ (?:dist-new-\d+|dist)\/(\S+)$/.exec(text)?.[1];
      return name === undefined ? [] : [[line, name] as const];
    });
    modulesOf.set(url, modules);
  }
  return modules.findLast(([line]) => line <= lineNumber)?.[1] ?? own;
}

/** Microseconds of samples by the function of the page that was at work, over all runs. */
const byFunction = new Map<string, number>();

/** Part of the main thread's work in functions of the page and what they call, and their part of the collector's. */
function shareOfPage({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): number {
  const parent = new Map(nodes.flatMap((n) => (n.children ?? []).map((c) => [c, n.id] as const)));
  const byId = new Map(nodes.map((n) => [n.id, n]));
  const isPage = new Map<number, boolean>();
  const ofPage = (id: number): boolean => {
    const known = isPage.get(id);
    if (known !== undefined) return known;
    const module = moduleOf(byId.get(id)!.callFrame);
    const above = parent.get(id);
    const own = LIVE.test(module) || NETWORK.test(module) || (above !== undefined && ofPage(above));
    isPage.set(id, own);
    return own;
  };
  /** A function without a name by the place where it stands; one of the runtime by what calls it. */
  const nameOf = (id: number): string => {
    const { callFrame } = byId.get(id)!;
    const module = moduleOf(callFrame).replace(/\.[jt]s$/, '');
    const above = parent.get(id);
    if (module === '') return `${callFrame.functionName}${above === undefined ? '' : ` < ${nameOf(above)}`}`;
    return `${callFrame.functionName || `line ${callFrame.lineNumber + 1}`} ${module}`;
  };
  let [page, rest] = [0, 0];
  for (const [i, id] of samples.entries()) {
    const { functionName: name } = byId.get(id)!.callFrame;
    const micros = Math.min(timeDeltas[i], 2 * SAMPLE_MICROS);
    if (['(garbage collector)', '(idle)', '(program)'].includes(name)) continue;
    if (ofPage(id)) {
      page += micros;
      const known = nameOf(id);
      byFunction.set(known, (byFunction.get(known) ?? 0) + micros);
    } else rest += micros;
  }
  // What the collector and the runtime itself take is divided by what calls for it.
  return page / Math.max(1, page + rest);
}

async function runOnce(live: boolean, profiled = false): Promise<Cost> {
  let address = '';
  const note = (line: string): void => {
    address = /http:\S+/.exec(line)?.[0] ?? address;
  };
  const watch = live ? await watchRun({ live: '0', webhook: null, limit: null, note }) : null;
  const reading = address === '' ? null : await readEvents(new URL('/events', address));
  // The page is open and read: what a run pays is what follows.
  const session = new Session();
  if (profiled) {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROS });
    await session.post('Profiler.start');
  }
  const before = process.cpuUsage();
  const threadBefore = threadSeconds();
  const options = { input: [join(folder, 'in.jsonl')], output: join(folder, 'out'), fresh: true, workers: 1, allow };
  await lastValueFrom(run(made, options).pipe(tap((e) => watch?.event(e))));
  const { user, system } = process.cpuUsage(before);
  const own = threadSeconds() - threadBefore;
  const share = profiled ? shareOfPage((await session.post('Profiler.stop')).profile) : 0;
  if (profiled) session.disconnect();
  reading?.kill();
  await watch?.end(null);
  return { cpu: (user + system) / 1e6, main: own, share };
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

/** Student's t at 97.5 %, by degrees of freedom. */
const T = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.1];
const percent = (x: number): string => `${(100 * x).toFixed(2)} %`;
function interval(shares: readonly number[]): string {
  const n = shares.length;
  const mean = shares.reduce((a, b) => a + b, 0) / n;
  const spread = Math.sqrt(shares.reduce((s, r) => s + (r - mean) ** 2, 0) / (n - 1) / n);
  const t = (T[n - 2] ?? 2.09) * spread;
  return `${percent(mean)} (95 %: ${percent(mean - t)} to ${percent(mean + t)})`;
}
const mean = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0) / all.length;

await runOnce(true);
await runOnce(false);
// The profiler takes time of its own: what a run takes is measured without it.
const runs: Cost[] = [];
for (let k = 0; k < Number(values.runs); k++) {
  if (process.stderr.isTTY) console.error(`run ${k + 1} of ${values.runs}`);
  const { share } = await runOnce(true, true);
  runs.push({ ...(await runOnce(true)), share });
}
const [cpu, main] = [mean(runs.map((r) => r.cpu)), mean(runs.map((r) => r.main))];
const share = interval(runs.map((r) => (r.share * r.main) / r.cpu));
console.log(
  `${(lines.length / 1e6).toFixed(1)} MB (${what}), ${runs.length} runs of ${cpu.toFixed(2)} s of CPU with the page ` +
    `open and read, of which the main thread ${main.toFixed(2)} s:\n  the page, of all CPU: ${share}`,
);
const ofAll = [...byFunction.values()].reduce((a, b) => a + b, 0);
const top = [...byFunction].sort((a, b) => b[1] - a[1]).slice(0, Number(values.names));
for (const [name, n] of top) console.log(`    ${percent(n / ofAll).padStart(8)} of it  ${name}`);
const pairs: { readonly without: Cost; readonly live: Cost }[] = [];
for (let block = 0; block < Number(values.blocks); block++) {
  const [a1, b1, b2, a2] = [await runOnce(false), await runOnce(true), await runOnce(true), await runOnce(false)];
  pairs.push({ without: a1, live: b1 }, { without: a2, live: b2 });
}
rmSync(folder, { recursive: true });
if (pairs.length > 0)
  console.log(
    `${pairs.length} pairs in turns, more with the page than without:\n` +
      `  CPU of the process  ${interval(pairs.map((p) => p.live.cpu / p.without.cpu - 1))}\n` +
      `  main thread, of it  ${interval(pairs.map((p) => (p.live.main - p.without.main) / p.without.cpu))}`,
  );

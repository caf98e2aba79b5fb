// What `--live` costs a run: CPU time of this whole process, with its page open in a client that reads all events (its
// own cost included), beside the same run without. Runs alternate A B B A, so that a drift of the machine cancels out;
// the interval is Student's over the pairs. Needs a build.
//   npx tsx scripts/bench/live-cost.ts [--blocks 4] [--mb 16]
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

/** CPU seconds of one run. */
async function once(live: boolean): Promise<number> {
  let address = '';
  const note = (line: string): void => {
    address = /http:\S+/.exec(line)?.[0] ?? address;
  };
  const watch = live ? await watchRun({ live: '0', webhook: null, limit: null, note }) : null;
  const leave = new AbortController();
  const reading = address === '' ? null : readEvents(new URL('/events', address), leave.signal);
  // The page is open and read: what a run pays is what follows.
  const before = process.cpuUsage();
  const options = { input: [join(folder, 'in.jsonl')], output: join(folder, 'out'), fresh: true, workers: 1, allow };
  await lastValueFrom(run(made, options).pipe(tap((e) => watch?.event(e))));
  leave.abort();
  await reading;
  await watch?.end(null);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function readEvents(url: URL, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { signal });
  const reader = response.body!.getReader();
  try {
    while (!(await reader.read()).done);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

await once(true);
await once(false);
const ratios: number[] = [];
let base = 0;
for (let block = 0; block < Number(values.blocks); block++) {
  const [a1, b1, b2, a2] = [await once(false), await once(true), await once(true), await once(false)];
  ratios.push(b1 / a1, b2 / a2);
  base += a1 + a2;
}
rmSync(folder, { recursive: true });
const n = ratios.length;
const mean = ratios.reduce((a, b) => a + b, 0) / n;
const spread = Math.sqrt(ratios.reduce((s, r) => s + (r - mean) ** 2, 0) / (n - 1) / n);
/** Student's t at 97.5 %, for 3, 5, 7, ... degrees of freedom. */
const t = [0, 12.71, 3.18, 2.57, 2.36, 2.26, 2.2, 2.16, 2.13][Math.min(8, n / 2)];
const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
console.log(
  `${(lines.length / 1e6).toFixed(1)} MB (${what}), ${n} pairs, ${(base / n).toFixed(2)} s of CPU a run: with its ` +
    `page open ${percent(mean - 1)} more ` +
    `(95 %: ${percent(mean - 1 - t * spread)} to ${percent(mean - 1 + t * spread)})`,
);

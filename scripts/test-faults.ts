// Kills runs with SIGKILL again and again and compares what they end with, byte for byte, with an uninterrupted run:
//   npm run test:faults -- [--kills 1000] [--seed 1] [--jobs CORES] [--minutes M: begin no run after so long] [--only
//   RECIPE]
// First every call that changes the disk is killed once (a write in the middle, with half of its bytes on disk), then
// seeded random ones, with one and two workers, up to four times in a row. `--only spans`: calls of one recipe, as many
// as kills, evenly. Needs a build.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ChildRun, type Faults, leftovers, linesOf, runChild, runWhole } from '../test/faults/harness.ts';
import { generator, madeDocuments, spannedDocuments, writeCorpus } from '../test/helpers/corpus.ts';
import { promisedBytes } from '../test/helpers/promised-bytes.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    minutes: { type: 'string', default: '60' },
    only: { type: 'string' },
  },
});
const wanted = Number(values.kills);
const random = generator(Number(values.seed));
const below = (n: number): number => Math.floor(random() * n);

/** One run directory: where it is killed, start by start; then it runs to the end. */
interface Job {
  readonly recipe: string;
  readonly kills: readonly Omit<Faults, 'root' | 'file'>[];
  readonly workers: number;
}

if (!existsSync(new URL('../dist/run/run.js', import.meta.url))) {
  console.error('expected a build in dist/. Run `npm run build` first.');
  process.exit(2);
}
const folder = await mkdtemp(join(tmpdir(), 'sluice-kills-'));
await writeCorpus(join(folder, 'in'), madeDocuments(40, 5), 2);
await writeCorpus(join(folder, 'spans-in'), spannedDocuments(40, 5), 2);
const recipes = values.only ? [values.only] : ['barriers', 'plain', 'everything', 'spans'];
const inputOf = (recipe: string): string => join(folder, recipe === 'spans' ? 'spans-in' : 'in', '*.jsonl');
const expected: Record<string, ReturnType<typeof promisedBytes>> = {};
const sites: Record<string, string[]> = {};
for (const recipe of recipes) {
  const output = join(folder, recipe);
  const file = `${output}.sites`;
  await runWhole({ recipe, input: inputOf(recipe), output, faults: { root: output, mode: 'record', file } });
  expected[recipe] = promisedBytes(output);
  sites[recipe] = linesOf(file);
}

const jobs: Job[] = [];
let planned = 0;
const add = (job: Job): void => {
  jobs.push(job);
  planned += job.kills.length;
};
/** Somewhere in a later start: in the recovery itself, or soon after. */
const again = (): Omit<Faults, 'root' | 'file'> => ({ mode: 'nth', site: 'main', n: 1 + below(30) });
// Those of every barrier are many, and much alike: they come by chance only.
for (const recipe of recipes.slice(0, 2)) {
  const apart = values.only ? Math.max(1, sites[recipe].length / wanted) : 1;
  const some = sites[recipe].filter((_, i) => Math.floor((i + 1) / apart) > Math.floor(i / apart));
  for (const site of some) {
    if (planned >= wanted) break;
    const first = { mode: 'kill' as const, site };
    add({ recipe, workers: 1, kills: planned + 2 <= wanted && random() < 0.3 ? [first, again()] : [first] });
  }
}
while (planned < wanted) {
  const recipe = recipes[values.only ? 0 : [0, 0, 1, 2, 3][below(5)]];
  const calls = sites[recipe].length;
  const anywhere = (): Omit<Faults, 'root' | 'file'> =>
    random() < 0.5
      ? { mode: 'nth', site: 'main', n: 1 + below(calls * 0.6) }
      : { mode: 'nth', site: 'worker', n: 1 + below(calls * 0.2) };
  const kills = Array.from({ length: Math.min(1 + below(4), wanted - planned) }, (_, i) =>
    i === 0 || random() < 0.5 ? anywhere() : again(),
  );
  add({ recipe, workers: 1 + below(2), kills });
}

const PHASES = [
  'start',
  'plan',
  'mid-split',
  'barrier pass 1',
  'barrier decide',
  'barrier pass 2',
  'between rename and commit line',
  'joining',
  'end',
  'recovery itself',
] as const;

/** What a run was doing at a call. */
function phaseOf(site: string, recipe: string, start: number): (typeof PHASES)[number] {
  if (/^(unlink|truncate) |^fsync commits.jsonl after start/.test(site) && !/^unlink lock/.test(site))
    return 'recovery itself';
  if (/plan\.json/.test(site)) return start > 1 ? 'recovery itself' : 'plan';
  if (
    new RegExp(
      String.raw`README|run\.json.* after README|^rm (work|stdin-copy|lock.*after run\.json)$|^fsync-folder ` +
        String.raw`\. after run\.json`,
    ).test(site)
  )
    return /^fsync-folder \. after run\.json/.test(site) && start > 1 ? 'recovery itself' : 'end';
  if (/part-|^append shard|after (\S*part-)/.test(site)) return 'joining';
  if (/^rm \S*split-/.test(site)) return 'joining';
  if (/decision-|^append decide/.test(site)) return /^rm /.test(site) ? 'barrier pass 2' : 'barrier decide';
  if (/^rm work\//.test(site)) return 'barrier pass 2';
  if (/^(rename|fsync-folder|append|create commits|fsync commits)/.test(site) && /split|work\//.test(site))
    return 'between rename and commit line';
  if (/ work\//.test(site)) return /^mkdir/.test(site) ? begin(start) : 'barrier pass 1';
  if (/split-/.test(site)) return recipe === 'plain' ? 'mid-split' : 'barrier pass 2';
  return begin(start);
}

const begin = (start: number): 'start' | 'recovery itself' => (start > 1 ? 'recovery itself' : 'start');

const hits = new Map<string, number>();
const killedAt = new Map(recipes.map((r) => [r, new Set<string>()]));
const failures: string[] = [];
let kills = 0;
let good = 0;
let passed = 0;
let repeated = 0;

async function work(job: Job, index: number): Promise<void> {
  const output = join(folder, `job-${index}`);
  const file = `${output}.sites`;
  const run: ChildRun = { recipe: job.recipe, input: inputOf(job.recipe), output, workers: job.workers };
  let own = 0;
  try {
    for (const [i, fault] of job.kills.entries()) {
      const end = await runChild({ ...run, faults: { ...fault, root: output, file } });
      if (!end.killed) {
        if (end.code !== 0) throw new Error(`start ${i + 1} ended with ${end.code}: ${end.stderr}`);
        // A random call that this run did not get to: it ended well, which the comparison tells.
        break;
      }
      own++;
      const site = linesOf(file).at(-1)!;
      killedAt.get(job.recipe)!.add(site);
      const phase = phaseOf(site, job.recipe, i + 1);
      hits.set(phase, (hits.get(phase) ?? 0) + 1);
    }
    if (own > 1) repeated++;
    await runWhole(run);
    const left = leftovers(output);
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
    const bytes = promisedBytes(output);
    const other = Object.keys({ ...bytes, ...expected[job.recipe] }).find((k) => bytes[k] !== expected[job.recipe][k]);
    if (other) throw new Error(`other bytes in ${other}`);
    passed++;
    good += own;
  } catch (error) {
    failures.push(`${JSON.stringify(job)}\n  killed at ${linesOf(file).join(', ')}\n  ${(error as Error).message}`);
  }
  kills += own;
  await rm(output, { recursive: true, force: true });
  await rm(file, { force: true });
}

const started = performance.now();
let next = 0;
let shown = 0;
async function worker(): Promise<void> {
  const until = started + Number(values.minutes) * 60_000;
  while ((next < jobs.length || kills < wanted) && performance.now() < until) {
    // Random calls that were never reached leave some kills to make up for.
    if (next >= jobs.length) {
      const recipe = recipes[values.only ? 0 : below(2)];
      jobs.push({ recipe, workers: 1, kills: [{ mode: 'kill', site: sites[recipe][below(sites[recipe].length)] }] });
    }
    const index = next++;
    await work(jobs[index], index);
    if (kills - shown >= 100) {
      shown = kills;
      console.log(`${kills} kills, ${Math.round((performance.now() - started) / 1000)} s`);
    }
  }
}
await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
await rm(folder, { recursive: true, force: true });

const minutes = (performance.now() - started) / 60_000;
console.log(`\nkilled with SIGKILL             times`);
for (const phase of PHASES) console.log(`${phase.padEnd(32)}${String(hits.get(phase) ?? 0).padStart(5)}`);
console.log(`${next} runs, ${repeated} of them killed twice or more in a row; ${minutes.toFixed(1)} minutes`);
const covered = recipes.map(
  (r) => `${sites[r].filter((s) => killedAt.get(r)!.has(s)).length} of ${sites[r].length} (${r})`,
);
console.log(`failpoints of an uninterrupted run that were hit: ${covered.join(', ')}`);
for (const f of failures) console.error(`FAILED ${f}`);
console.log(`${good} of ${kills} kills with identical output`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);

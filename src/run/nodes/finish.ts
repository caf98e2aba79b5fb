import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError, InvariantError } from '../../errors.ts';
import { systemError } from '../../files/system-error.ts';
import { writeWhole } from '../../files/whole.ts';
import { isFleet, NODES_FILE, TASKS_FOLDER } from '../../ledger/fleet-commits.ts';
import { type RunJson, readRunJson } from '../../ledger/run-json.ts';
import { parseOptions } from '../../options.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { conservationError } from '../../streams/commits/counters.ts';
import { totalsOf } from '../../streams/commits/store.ts';
import { handOverError } from '../conservation.ts';
import { checkPublished, joinShards } from '../directory/join.ts';
import { tablePlaces } from '../directory/layout.ts';
import { ANSWERS_FOLDER, removeFolder } from '../directory/own-files.ts';
import { runReadmeOf } from '../directory/readme.ts';
import { RunDirectory } from '../directory/run-directory.ts';
import { GuardWatch } from '../guards/guard-watch.ts';
import { type RunOptions, type RunOptionsInput, runOptions } from '../options.ts';
import { openSplitPool } from '../split/split-pool.ts';
import { CLAIM_TIMES, type ClaimTimes, claim } from './attempts.ts';
import { type Fleet, fleetPhases, openFleet } from './fleet.ts';
import { mergeLogs } from './merge.ts';
import { isDone } from './outcome.ts';
import { secondsOf } from './seconds.ts';
import { plannedRecipe } from './shard.ts';

/**
 * Makes one run directory of what many nodes have done: their logs become one, everything that was read is accounted
 * for, guards judge the totals, and segments are joined into shards. Running again goes on where it stopped. Errors:
 * ConfigError while shards are missing, GuardError, InvariantError.
 */
export async function finishNodes(
  given: Recipe,
  folder: string,
  input: RunOptionsInput,
  times: ClaimTimes = CLAIM_TIMES,
): Promise<RunJson> {
  const path = resolve(folder);
  const before = await readRunJson(path);
  if (before?.status === 'done') {
    await clear(path);
    return before;
  }
  const fleet = await openFleet(path);
  const options = parseOptions(runOptions, { modelMemory: input.memory, ...input }, 'finish');
  const recipe = await plannedRecipe(fleet, given, options);
  refuseUnfinished(fleet, recipe);
  const own = await claim(join(path, TASKS_FOLDER, 'finish'), `the end of ${path}`, times);
  const started = performance.now();
  const seconds = (): number => Math.round(performance.now() - started) / 1000;
  try {
    const result = await finish(recipe, fleet, options, seconds);
    await own.end({ how: 'done', seconds: seconds() });
    await clear(path);
    return result;
  } catch (error) {
    await own.end({ how: 'failed', error: (error as Error).message, seconds: seconds() });
    throw systemError(error);
  }
}

async function finish(recipe: Recipe, fleet: Fleet, options: RunOptions, seconds: () => number): Promise<RunJson> {
  const { path, plan } = fleet;
  const phases = fleetPhases(
    recipe.steps.map((s) => s.descriptor),
    fleet.nodes,
  );
  await mergeLogs(fleet, recipe, phases);
  const directory = await RunDirectory.open(path);
  await directory.makeFolders([
    ...new Set(['documents', 'ledger', 'quarantine', ...tablePlaces(recipe).map((t) => t.folder)]),
  ]);
  const totals = totalsOf(directory.commits);
  const lost = conservationError(totals) ?? handOverError(totals.passed, totals.received);
  if (lost) throw new InvariantError({ expected: 'read = kept + dropped + quarantined', got: lost, where: path });
  const guards = new GuardWatch(recipe, options, directory, plan.splits.length);
  const all = plan.splits.map((s) => s.index);
  const base: RunJson = { ...fleet.run, seconds: (await secondsOf(path, phases)) + seconds() };
  const heed = async (): Promise<void> => {
    if (guards.tripped === null) return;
    await directory.writeRunJson({ ...base, guards: guards.record });
    throw guards.tripped;
  };
  for (const phase of phases) {
    if (phase.splits === null) continue;
    guards.beginPhase(phase.number, all);
    await heed();
  }
  guards.end(totals);
  await heed();
  const pool = await openSplitPool(
    recipe,
    join(path, TASKS_FOLDER, ANSWERS_FOLDER),
    { ...options, workers: 1 },
    1,
    new AbortController().signal,
    { progress: () => {}, begun: () => {}, retry: () => {}, filter: () => {} },
  );
  try {
    await joinShards(directory, recipe, totals, fleet.run.shardSize, pool);
  } finally {
    await pool.close();
  }
  checkPublished(directory.commits.all, recipe, totals, path);
  const result: RunJson = {
    ...base,
    status: 'done',
    totals,
    guards: guards.record,
    finishedAt: new Date().toISOString(),
  };
  await writeWhole(join(path, 'README.md'), runReadmeOf(recipe, directory.commits.all, result));
  await directory.writeRunJson(result);
  await directory.close({ failed: false });
  return result;
}

/** What only the nodes needed. The folder is then that of any run. */
async function clear(path: string): Promise<void> {
  if (!isFleet(path) && !existsSync(join(path, TASKS_FOLDER))) return;
  await removeFolder(path, TASKS_FOLDER);
  await rm(join(path, NODES_FILE), { force: true });
}

function refuseUnfinished(fleet: Fleet, recipe: Recipe): void {
  const steps = recipe.steps.map((s) => s.descriptor);
  for (const { name, tasks } of fleetPhases(steps, fleet.nodes)) {
    const missing = Array.from({ length: tasks }, (_, task) => task).filter((t) => !isDone(fleet.path, name, t));
    if (missing.length === 0) continue;
    const some = missing.slice(0, 5).join(', ');
    throw new ConfigError({
      problem:
        `${missing.length} of ${tasks} shards of phase ${name} are not done: ` +
        `${some}${missing.length > 5 ? ', ...' : ''}`,
      expected: 'every shard of every phase to be done',
      got: `${missing.length} of ${tasks} shards of ${name} that are not: ${some}`,
      where: fleet.path,
      fix: `Run them: sluice run ${fleet.path} --shard <i>/${tasks}. sluice status ${fleet.path} says how they stand.`,
    });
  }
}

import { join } from 'node:path';
import { ConfigError, InvariantError } from '../../errors.ts';
import type { SharedFolder } from '../../files/stores/shared-folder.ts';
import { systemError } from '../../files/system-error.ts';
import { writeWhole } from '../../files/whole.ts';
import { NODES_FILE, TASKS_FOLDER } from '../../ledger/fleet-commits.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import { parseOptions } from '../../options.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { conservationError } from '../../streams/commits/counters.ts';
import { totalsOf } from '../../streams/commits/store.ts';
import { handOverError } from '../conservation.ts';
import { checkPublished, joinShards } from '../directory/join.ts';
import { tablePlaces } from '../directory/layout.ts';
import { removeFolder } from '../directory/own-files.ts';
import { runReadmeOf } from '../directory/readme.ts';
import { GuardWatch } from '../guards/guard-watch.ts';
import { type RunOptions, type RunOptionsInput, runOptions } from '../options.ts';
import { openSplitPool } from '../split/split-pool.ts';
import { type Claim, type ClaimTimes, claim, claimTimes } from './attempts.ts';
import { deleteBelow, openEnd } from './finish-store.ts';
import { type Fleet, fleetPhases, openFleet } from './fleet.ts';
import { mergeLogs } from './merge.ts';
import { undone } from './outcome.ts';
import { endOf, finishFolder, lostOf, refuseLost } from './redo.ts';
import { ReplannedError, refuseReplanned } from './replanned.ts';
import { secondsOf } from './seconds.ts';
import { answersFolder, plannedRecipe, superseded } from './shard.ts';
import { withShared } from './shared.ts';

/**
 * Makes one run directory of what many nodes have done: their logs become one, everything that was read is accounted
 * for, guards judge the totals, and segments are joined into shards. Running again goes on where it stopped. Errors:
 * ConfigError while shards are missing, GuardError, InvariantError.
 */
export const finishNodes = (
  given: Recipe,
  folder: string,
  input: RunOptionsInput,
  times?: ClaimTimes,
): Promise<RunJson> => withShared(folder, (shared) => finishIn(given, shared, input, times ?? claimTimes(shared)));

async function finishIn(
  given: Recipe,
  shared: SharedFolder,
  input: RunOptionsInput,
  times: ClaimTimes,
): Promise<RunJson> {
  const before = await doneRun(shared);
  if (before !== null) {
    await clear(shared);
    return before;
  }
  const fleet = await openFleet(shared);
  const options = parseOptions(runOptions, { modelMemory: input.memory, ...input }, 'finish');
  const recipe = await plannedRecipe(fleet, given, options);
  try {
    return await finishPlanned(recipe, fleet, options, times);
  } catch (error) {
    // Another finisher was faster.
    const done = error instanceof ReplannedError ? await doneRun(shared) : null;
    if (done === null) throw error;
    return done;
  }
}

/** What the run is, where it is done. */
async function doneRun(shared: SharedFolder): Promise<RunJson | null> {
  const text = await shared.read('run.json');
  const run = text === null ? null : (JSON.parse(text) as RunJson);
  return run?.status === 'done' ? run : null;
}

async function finishPlanned(recipe: Recipe, fleet: Fleet, options: RunOptions, times: ClaimTimes): Promise<RunJson> {
  const { shared } = fleet;
  await refuseUnready(fleet, recipe);
  const own = await claim(shared, finishFolder(shared), endOf(fleet), times);
  const started = performance.now();
  const seconds = (): number => Math.round(performance.now() - started) / 1000;
  // A shard may be done again since, or the run be finished.
  await refuseUnready(fleet, recipe).catch(async (error) => {
    await own.drop();
    throw error;
  });
  try {
    const result = await finish(recipe, fleet, options, own, seconds);
    await own.end({ how: 'done', seconds: seconds() });
    await clear(shared);
    return result;
  } catch (error) {
    await own.end({ how: 'failed', error: (error as Error).message, seconds: seconds() });
    throw systemError(lostOf(error, fleet.name));
  }
}

async function finish(
  recipe: Recipe,
  fleet: Fleet,
  options: RunOptions,
  own: Claim,
  seconds: () => number,
): Promise<RunJson> {
  const { shared, path, plan } = fleet;
  const phases = fleetPhases(
    recipe.steps.map((s) => s.descriptor),
    fleet.nodes,
  );
  const unlessSuperseded = async (): Promise<void> => {
    if (await own.superseded()) throw superseded(endOf(fleet), own.attempt);
  };
  await refuseLost(fleet, phases);
  await mergeLogs(fleet, recipe, phases);
  const directory = await openEnd(shared, own);
  await directory.makeFolders([
    ...new Set(['documents', 'ledger', 'quarantine', ...tablePlaces(recipe).map((t) => t.folder)]),
  ]);
  const totals = totalsOf(directory.commits);
  const lost = conservationError(totals) ?? handOverError(totals.passed, totals.received);
  if (lost) throw new InvariantError({ expected: 'read = kept + dropped + quarantined', got: lost, where: fleet.name });
  const guards = new GuardWatch(recipe, options, directory, plan.splits.length);
  const all = plan.splits.map((s) => s.index);
  const base: RunJson = { ...fleet.run, seconds: (await secondsOf(shared, phases)) + seconds() };
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
    answersFolder(shared),
    { ...options, workers: 1 },
    { splits: 1 },
    new AbortController().signal,
    { progress: () => {}, begun: () => {}, retry: () => {}, filter: () => {} },
  );
  try {
    await joinShards(directory, recipe, totals, fleet.run.shardSize, pool, async (inputs) => {
      // On a disk two finishers would write the same files.
      await unlessSuperseded();
      await shared.fetch(inputs);
    });
  } finally {
    await pool.close();
  }
  await unlessSuperseded();
  checkPublished(directory.commits.all, recipe, totals, fleet.name);
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
async function clear(shared: SharedFolder): Promise<void> {
  if (shared.stored === null) await removeFolder(shared.path, TASKS_FOLDER);
  else await deleteBelow(shared, TASKS_FOLDER);
  await shared.delete([NODES_FILE]);
}

/** Errors: ReplannedError, also where another finisher has deleted what says that a shard is done; ConfigError. */
async function refuseUnready(fleet: Fleet, recipe: Recipe): Promise<void> {
  await refuseReplanned(fleet);
  await refuseUnfinished(fleet, recipe).catch(async (error) => {
    await refuseReplanned(fleet);
    throw error;
  });
}

async function refuseUnfinished(fleet: Fleet, recipe: Recipe): Promise<void> {
  const steps = recipe.steps.map((s) => s.descriptor);
  for (const phase of fleetPhases(steps, fleet.nodes)) {
    const { name, tasks } = phase;
    const missing = await undone(fleet.shared, phase);
    if (missing.length === 0) continue;
    const some = missing.slice(0, 5).join(', ');
    throw new ConfigError({
      problem:
        `${missing.length} of ${tasks} shards of phase ${name} are not done: ` +
        `${some}${missing.length > 5 ? ', ...' : ''}`,
      expected: 'every shard of every phase to be done',
      got: `${missing.length} of ${tasks} shards of ${name} that are not: ${some}`,
      where: fleet.name,
      fix: `Run them: sluice run ${fleet.name} --shard <i>/${tasks}. sluice status ${fleet.name} says how they stand.`,
    });
  }
}

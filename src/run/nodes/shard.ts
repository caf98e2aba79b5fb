import { dirname, join } from 'node:path';
import type { Subscriber } from 'rxjs';
import { ConfigError, inOneLine, SluiceError } from '../../errors.ts';
import type { SharedFolder } from '../../files/stores/shared-folder.ts';
import { systemError } from '../../files/system-error.ts';
import { TASKS_FOLDER, taskFolder } from '../../ledger/fleet-commits.ts';
import { parseOptions } from '../../options.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { Observable } from '../../streams/flow/rxjs.ts';
import { executorsOf, identityOf, refuseOtherRun } from '../directory/identity.ts';
import { ANSWERS_FOLDER } from '../directory/own-files.ts';
import { type RunOptions, type RunOptionsInput, runOptions } from '../options.ts';
import { reusingColumns } from '../reuse.ts';
import { openSplitPool } from '../split/split-pool.ts';
import { refuseLargeWindows } from '../split/windows.ts';
import { type Claim, ClaimedError, type ClaimTimes, claim, claimTimes } from './attempts.ts';
import { chosenPhase } from './chosen-phase.ts';
import { clearSent, decideTask } from './decide-task.ts';
import { type Fleet, type FleetPhase, fleetPhases, isFinished, openFleet, splitsByShard } from './fleet.ts';
import { isDone, undone, writeOutcome } from './outcome.ts';
import { lostOf, resetShard } from './redo.ts';
import { ReplannedError, refuseReplanned } from './replanned.ts';
import { withShared } from './shared.ts';
import { splitTask } from './split-task.ts';
import { untilDone } from './wait.ts';
import type { FleetWork, ShardEvent } from './work.ts';

/** Tasks that another process holds are asked for again after so long. */
const AGAIN_MS = 5000;

/** Which part of every phase a process does: the tasks whose number has the remainder `index`. */
export interface ShardChoice {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

export interface ShardOptions extends ShardChoice {
  /** Only this phase (`split-0`); default: the first that is not complete. */
  readonly phase?: string;
  /** Waits at the end of each phase until all others are done too, and goes on with the next. Default false. */
  readonly wait?: boolean;
  /**
   * This logical shard is done again, up to the first phase for which others are missing; with `wait` they are waited
   * for. `index` and `count` say nothing.
   */
  readonly redo?: number;
  /** For tests. */
  readonly times?: ClaimTimes;
}

/**
 * Does one process's part of a run that was planned for many nodes: those tasks of a phase that are its own and that
 * nobody has done. Running again goes on where it stopped. A task that fails does not keep the others from being done;
 * its error comes at the end. Errors: as of `run()`; ConfigError when another attempt of a task lives, or when the
 * recipe is not that of the plan.
 */
export function runShard(recipe: Recipe, folder: string, input: RunOptionsInput, shard: ShardOptions) {
  return new Observable<ShardEvent>((out) => {
    const { stop = new AbortController().signal, ...rest } = input;
    const abort = new AbortController();
    const options = parseOptions(runOptions, { modelMemory: rest.memory, ...rest }, 'run --shard');
    const alive = setInterval(() => {}, 2 ** 30);
    withShared(folder, (shared) => work(recipe, shared, options, shard, stop, abort.signal, out))
      .finally(() => clearInterval(alive))
      .then(
        () => out.complete(),
        (error) => out.error(systemError(error)),
      );
    return () => abort.abort(new Error('unsubscribed'));
  });
}

export const finishedError = (run: string): ConfigError =>
  new ConfigError({
    expected: 'a run that is not finished',
    got: '--redo for one that is: the parts of its shards are deleted',
    where: run,
    fix: `sluice status ${run} --verify says what is damaged. To make it again: sluice plan <recipe> ... --fresh.`,
  });

async function work(
  given: Recipe,
  shared: SharedFolder,
  ownOptions: RunOptions,
  asked: ShardOptions,
  stop: AbortSignal,
  hard: AbortSignal,
  out: Subscriber<ShardEvent>,
): Promise<void> {
  if (await isFinished(shared)) {
    if (asked.redo !== undefined) throw finishedError(shared.name);
    out.next({ type: 'done', run: shared.name });
    return;
  }
  const fleet = await openFleet(shared);
  const options = { ...ownOptions, samplePercent: fleet.run.limits.samplePercent };
  const shard = asked.redo === undefined ? asked : { ...asked, index: asked.redo, count: fleet.nodes.shards };
  const recipe = await plannedRecipe(fleet, given, options);
  if (fleet.nodes.node !== process.version)
    out.next({
      type: 'note',
      text: `planned with Node ${fleet.nodes.node}, this is ${process.version}: the output is the same`,
    });
  if (shard.index >= fleet.nodes.shards)
    out.next({
      type: 'note',
      text: `part ${shard.index} of ${shard.count} holds no logical shard: ${fleet.nodes.shards} were planned`,
    });
  refuseLargeWindows(fleet.plan.files, options.memory);
  const steps = recipe.steps.map((s) => s.descriptor);
  const phases = fleetPhases(steps, fleet.nodes);
  const shards = await splitsByShard(fleet.plan.splits, fleet.nodes.shards);
  const times = shard.times ?? claimTimes(shared);
  if (shard.redo !== undefined) {
    const again = await resetShard(fleet, steps, phases, shard.redo, times);
    const text = `shard ${shard.redo} is done again: ${again.join(', ') || 'it has done nothing yet'}`;
    out.next({ type: 'note', text });
  }
  const answers = join(answersFolder(shared), `${shard.index}-of-${shard.count}`);
  const most = Math.max(1, ...shards.map((s) => s.length));
  const pool = await openSplitPool(recipe, answers, options, { splits: most }, hard, {
    progress: () => {},
    begun: () => {},
    filter: () => {},
    retry: (retry) => out.next({ type: 'retried', ...retry }),
  });
  try {
    const common = { fleet, recipe, options, phases, shards, pool, stop, hard, out };
    let waits: string | null = null;
    for (;;) {
      const phase = await chosenPhase(fleet, phases, shard.phase);
      if (phase === null) {
        out.next({ type: 'done', run: fleet.name });
        return;
      }
      const { taken, ...end } = await workPhase(common, phase, shard, times);
      if (end.failed) throw end.failed;
      if (stop.aborted) {
        out.next({ type: 'stopped', run: fleet.name, phase: phase.name });
        return;
      }
      if (shard.wait && shard.phase === undefined) {
        if (waits !== phase.name) out.next({ type: 'waiting', phase: phase.name });
        waits = phase.name;
        // What another process works on is tried again: it may die.
        const signals = taken ? [stop, hard, AbortSignal.timeout(Math.min(AGAIN_MS, times.patienceMs))] : [stop, hard];
        const everyMs = times.patienceMs < 1000 ? times.patienceMs : undefined;
        await untilDone(fleet, phase, AbortSignal.any(signals), everyMs);
        if (stop.aborted || hard.aborted) {
          out.next({ type: 'stopped', run: fleet.name, phase: phase.name });
          return;
        }
        continue;
      }
      // What follows from a shard that was done again is done again too.
      const goesOn = shard.redo !== undefined && shard.phase === undefined;
      if (goesOn && (await undone(fleet.shared, phase)).length === 0) continue;
      out.next({ type: 'phase', run: fleet.name, phase: phase.name, ...end });
      return;
    }
  } catch (error) {
    if (!(error instanceof ReplannedError && (await isFinished(shared)))) throw error;
    out.next({ type: 'done', run: fleet.name });
  } finally {
    await pool.close();
  }
}

/**
 * Answers of generators that were paid for: in a store's case they are on this machine alone, and stay when its process
 * has ended.
 */
export const answersFolder = ({ path, stored }: SharedFolder): string =>
  stored === null ? join(path, TASKS_FOLDER, ANSWERS_FOLDER) : join(dirname(path), ANSWERS_FOLDER);

interface PhaseEnd {
  readonly tasks: number;
  readonly already: number;
  readonly failed: Error | null;
  /** Another process works on a task of this one, which waits for it. */
  readonly taken: boolean;
}

async function workPhase(
  common: Omit<FleetWork, 'phase' | 'task' | 'claim'>,
  phase: FleetPhase,
  shard: ShardOptions,
  times: ClaimTimes,
): Promise<PhaseEnd> {
  const { fleet, stop, hard, out } = common;
  const { shared } = fleet;
  let failed: Error | null = null;
  let taken = false;
  let [tasks, already] = [0, 0];
  const todo = new Set(await undone(shared, phase));
  for (let task = shard.index; task < phase.tasks; task += shard.count) {
    if (stop.aborted || hard.aborted) break;
    if (!todo.has(task) || (await isDone(shared, phase.name, task))) {
      already++;
      continue;
    }
    try {
      await oneTask(common, phase, task, times);
      tasks++;
    } catch (error) {
      if (hard.aborted) throw error;
      // Whatever it was that a new plan has broken. Where a store is away the first error is the one to tell.
      await refuseReplanned(fleet).catch((now) => {
        throw now instanceof ReplannedError ? now : error;
      });
      // One that came back too late finds that the task was done without it.
      if (await isDone(shared, phase.name, task)) continue;
      if (shard.wait && error instanceof ClaimedError) {
        taken = true;
        continue;
      }
      const lost = lostOf(error, fleet.name) as Error;
      // The first one ends the process with its whole message; while there is more to do it is told at once.
      if (failed !== null || task + shard.count < phase.tasks)
        out.next({ type: 'note', text: `shard ${task} of ${phase.name}: ${inOneLine(lost)}` });
      failed ??= lost;
    }
  }
  return { tasks, already, failed, taken };
}

async function oneTask(
  common: Omit<FleetWork, 'phase' | 'task' | 'claim'>,
  phase: FleetPhase,
  task: number,
  times: ClaimTimes,
): Promise<void> {
  const { fleet, stop, shards } = common;
  if (phase.barrier === null && shards[task].length === 0) {
    // Whoever is first says so: there is nothing to do twice.
    await refuseReplanned(fleet);
    await writeOutcome(fleet.shared, phase.name, task, []);
    await clearSent({ ...common, phase, task });
    return;
  }
  const what = `shard ${task} of ${phase.name} in ${fleet.name}`;
  const watching = (attempt: number, seconds: number): void =>
    common.out.next({
      type: 'note',
      text: `watching attempt ${attempt} of shard ${task} for up to ${seconds} s: is its process alive?`,
    });
  const own: Claim = await claim(fleet.shared, taskFolder(fleet.shared, phase.name, task), what, times, watching);
  const started = performance.now();
  const seconds = (): number => Math.round(performance.now() - started) / 1000;
  await refuseReplanned(fleet).catch(async (error) => {
    await own.drop();
    throw error;
  });
  try {
    const all = { ...common, phase, task, claim: own };
    const complete = phase.barrier === null ? await splitTask(all) : await decideTask(all);
    await own.end({ how: complete ? 'done' : 'stopped', seconds: seconds() });
    if (!complete && !stop.aborted) throw superseded(what, own.attempt);
  } catch (error) {
    await own.end({ how: 'failed', error: inOneLine(error), seconds: seconds() });
    throw error;
  }
}

export const superseded = (what: string, attempt: number): SluiceError =>
  new SluiceError('superseded', {
    problem: `a later attempt has taken over ${what}`,
    expected: `attempt ${attempt} to be the last`,
    got: 'a later one',
    where: what,
    fix: 'Nothing: this process was taken for dead because its heartbeat stood still. The later attempt goes on.',
  });

/** The recipe as it was planned. Errors: ConfigError where it is another, or where it would score otherwise here. */
export async function plannedRecipe(fleet: Fleet, given: Recipe, options: RunOptions): Promise<Recipe> {
  const recipe = await reusingColumns(given, fleet.nodes.inputs);
  const { patterns } = fleet.run.input;
  const { samplePercent } = fleet.run.limits;
  const identity = await identityOf(
    recipe,
    { ...options, input: [...patterns], samplePercent, limit: null },
    fleet.plan,
  );
  const fix = 'Plan it anew (sluice plan ... --nodes N --fresh), or choose another folder with --output.';
  refuseOtherRun(fleet.name, fleet.run, identity.run, fix);
  await executorsOf(fleet.name, recipe, fleet.run.executors.length > 0 ? fleet.run : null);
  return recipe;
}

import { existsSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { Subscriber } from 'rxjs';
import { ConfigError } from '../errors.ts';
import { isUrl, withoutEndSlash } from '../files/stores/url.ts';
import { systemError } from '../files/system-error.ts';
import { RUN_FORMAT, type RunJson } from '../ledger/run-json.ts';
import { parseOptions } from '../options.ts';
import { checkSteps } from '../recipe/check-steps.ts';
import { type Recipe, refuseUnset } from '../recipe/recipe.ts';
import { SHARD_BYTES } from '../sinks/shards.ts';
import { BATCH_SCHEMA_VERSION } from '../streams/batch/batch.ts';
import { shardPhase, splitPhase } from '../streams/commits/phase.ts';
import { Observable } from '../streams/flow/rxjs.ts';
import { isSubstitution, pipeOf } from '../streams/inputs/pipe.ts';
import { copyPipes, hasCopies, missingPipe } from '../streams/inputs/pipe-copies.ts';
import type { Spooled } from '../streams/inputs/spool.ts';
import { isBarrier } from '../streams/operator.ts';
import { planSplits } from '../streams/plan/plan.ts';
import { hasPlan, readPlan, writePlan } from '../streams/plan/plan-file.ts';
import { nothingToRead } from '../streams/plan/skipped.ts';
import type { SplitPlan } from '../streams/plan/splits.ts';
import { SLUICE_VERSION } from '../version.ts';
import { refuseForeign } from './directory/foreign.ts';
import { executorsOf, firstStart, identityOf, refuseOtherRun } from './directory/identity.ts';
import { tablePlaces } from './directory/layout.ts';
import { Mirror, refuseBucketItself } from './directory/mirror.ts';
import { removeFolder, removeUnused, STDIN_FOLDER } from './directory/own-files.ts';
import { openRunDirectory } from './directory/run-directory.ts';
import { verifyInput } from './directory/verify-input.ts';
import type { RunEvent } from './events.ts';
import { checkAllowed } from './guards/guard-watch.ts';
import { refuseFleet } from './nodes/fleet.ts';
import { type RunOptions, type RunOptionsInput, runOptions } from './options.ts';
import { Run } from './process.ts';
import { openEarlierRun, takeAnswers } from './recut/earlier-run.ts';
import { takeSplits } from './recut/take-splits.ts';
import { refuseWithout } from './recut/taken-decisions.ts';
import { reusingColumns } from './reuse.ts';
import { refuseLargeWindows } from './split/windows.ts';

/**
 * Runs a recipe into a run directory, split by split; running again goes on where it stopped. Cold: nothing happens
 * before a subscription. Unsubscribing stops at once (what is committed stays); `options.stop` finishes the splits in
 * flight first. Emits what happens; ends with `finished` or `stopped`. Errors: ConfigError (nothing was read),
 * InputError, GuardError, InvariantError.
 */
export function run(recipe: Recipe, options: RunOptionsInput = {}): Observable<RunEvent> {
  return new Observable((subscriber) => {
    const { stop, ...rest } = options;
    const abort = new AbortController();
    const parsed = parseOptions(runOptions, { modelMemory: rest.memory, ...rest }, 'run()');
    // A closure that waits for something that never comes must not let the process end as if the run were done.
    const alive = setInterval(() => {}, 2 ** 30);
    runAll(recipe, parsed, stop ?? new AbortController().signal, abort.signal, subscriber)
      .finally(() => clearInterval(alive))
      .then(
        () => subscriber.complete(),
        (error) => subscriber.error(systemError(error)),
      );
    return () => abort.abort(new Error('unsubscribed'));
  });
}

/**
 * What `annotateOnly` leaves: a document that nothing drops keeps every annotation, whatever a threshold may be later.
 * Texts are rewritten as ever, so that what is measured is what a run would measure.
 */
function withoutDecisions(recipe: Recipe): Recipe {
  const steps = recipe.steps.flatMap((s) => s.annotateOnly() ?? []);
  if (steps.length > 0) return { ...recipe, steps };
  throw new ConfigError({
    expected: 'a recipe with a step that annotates or rewrites',
    got: 'none',
    where: `recipe ${recipe.name}`,
    fix: 'Run it without --annotate-only.',
  });
}

async function runAll(
  given: Recipe,
  options: RunOptions,
  stop: AbortSignal,
  hard: AbortSignal,
  out: Subscriber<RunEvent>,
): Promise<void> {
  const began = performance.now();
  const output = options.output ?? join('sluice-out', given.name);
  if (isUrl(output)) refuseBucketItself(output);
  const mirror = isUrl(output) ? await Mirror.open(output) : null;
  const path = mirror?.folder ?? resolve(output);
  const patterns = options.input ?? given.input;
  if (patterns.length === 0) {
    throw new ConfigError({
      expected: 'something to read',
      got: 'no input',
      where: `recipe ${given.name}`,
      fix: "Use --input 'folder/*.jsonl.gz', or set `input` in the recipe.",
    });
  }
  const whole = options.recompute ? given : await reusingColumns(given, patterns);
  const recipe = options.annotateOnly ? withoutDecisions(whole) : whole;
  refuseOwnOutput(patterns, isUrl(output) ? withoutEndSlash(output) : path);
  await refuseFleet(path, options.fresh);
  checkSteps(
    recipe.steps.map((s) => s.descriptor),
    recipe.name,
  );
  refuseUnset(
    recipe.steps.map((s) => s.descriptor),
    recipe.name,
  );
  checkAllowed(recipe, options);
  if (mirror === null) await refuseForeign(path);
  const copied = hasCopies(join(path, STDIN_FOLDER));
  // What a server without ranges sends is copied as a pipe is.
  const mayBePipe = (p: string): boolean =>
    isUrl(p) ? /^https?:/i.test(p) : (isSubstitution(p) && !options.fresh) || pipeOf(p) !== null;
  const pipes = (copied && !options.fresh) || patterns.some(mayBePipe);
  // Before anything is written or, with --fresh, deleted: what is wrong with the input leaves all as it was.
  // Both wait for answers of a store. Of a careless one that is told, whatever the input is.
  const [probed, looked] = await Promise.allSettled([
    mirror?.probe(),
    pipes ? null : planOf(patterns, recipe, options, path),
  ]);
  if (probed.status === 'rejected') throw probed.reason;
  if (looked.status === 'rejected') throw looked.reason;
  const planned = looked.value;
  const { directory, previous, left, made } = await openRunDirectory(path, { fresh: options.fresh, mirror });
  try {
    if (previous && !directory.isElsewhere) {
      await directory.sweep();
      await directory.check({ done: previous.status === 'done' });
    }
    const plan = planned ?? (await planOfPipes({ patterns, recipe, options, path, previous, stop }));
    if (plan === null) {
      await directory.close({ failed: false });
      const last = splitPhase(recipe.steps.filter((s) => isBarrier(s.descriptor)).length);
      const splitsDone = directory.commits.of(last).size;
      const store = mirror ? { store: mirror.url } : {};
      out.next({ type: 'stopped', run: path, ...store, splitsDone, splits: previous?.splits ?? 0 });
      return;
    }
    const identity = await identityOf(recipe, options, plan);
    const { recut } = options;
    const another = `That folder holds another run: name a free one with --output, such as --output ${path}-2`;
    if (previous) refuseOtherRun(path, previous, identity.run, recut === null ? undefined : another);
    const executors = await executorsOf(path, recipe, previous);
    const earlier =
      recut === null ? null : await openEarlierRun(recut, { ...identity.run, executors }, path, plan.files);
    if (earlier) await takeAnswers(earlier, recipe, path);
    if (options.verifyInput) await verifyInput(path, plan.files, previous ? 'before' : 'now');
    if (previous?.status === 'done') {
      await directory.clearWork();
      await directory.close({ failed: false });
      const store = mirror ? { store: mirror.url } : {};
      out.next({ type: 'finished', run: path, ...store, already: true, result: previous });
      return;
    }
    // Before run.json: whoever finds that finds the plan too.
    if (!previous || !hasPlan(path)) await writePlan(path, plan);
    const base: RunJson & { readonly shardSize: number } = {
      ...(previous ?? firstStart(identity.run, executors)),
      command: options.command ?? previous?.command,
      shardSize: previous?.shardSize ?? options.shardSize ?? SHARD_BYTES,
      ...(options.annotateOnly && { undecided: whole.steps.map((s) => s.descriptor) }),
    };
    // Before the first shard. Where there are some of a run without the record, joining finds out whether it is theirs.
    const shards = tablePlaces(recipe).some(({ name }) => directory.commits.of(shardPhase(name)).size > 0);
    if (previous?.shardSize === undefined && !shards) await directory.writeRunJson(base, { first: true });
    const steps = recipe.steps.map((s) => s.descriptor);
    refuseWithout(earlier, identity.run, steps, directory);
    const taken = earlier && (await takeSplits(earlier, recipe, identity.run, directory, stop));
    if (earlier) out.next({ type: 'recut', splits: taken ?? 0, columns: earlier.columns });
    const seconds = (ms: number): number => Math.round(ms) / 1000;
    // Of a command the process was started for this run.
    const load = options.command === undefined ? null : seconds(began);
    const before = { load, plan: seconds(performance.now() - began) };
    await new Run({ recipe, options, plan, directory, base, left, stop, hard, out, earlier, before }).all();
    await directory.close({ failed: false });
  } catch (error) {
    // The first error is the one to tell; what cannot be deleted now is deleted by the next start.
    await directory.close({ failed: true }).catch(() => {});
    // A run that was refused before it began leaves nothing.
    if (!previous && !copied && !existsSync(join(path, 'run.json'))) await removeUnused(path, made).catch(() => {});
    // Nor does one that is done keep what it was offered.
    if (previous?.status === 'done') await removeFolder(path, STDIN_FOLDER).catch(() => {});
    throw error;
  }
}

interface PipesToPlan {
  readonly patterns: readonly string[];
  readonly recipe: Recipe;
  readonly options: RunOptions;
  readonly path: string;
  readonly previous: RunJson | null;
  readonly stop: AbortSignal;
}

/**
 * The plan of an input with pipes, which are copied into the run directory first; null when it was stopped meanwhile.
 * Errors: ConfigError where a stream is missing that was not copied whole, and those of `planOf`.
 */
async function planOfPipes({
  patterns,
  recipe,
  options,
  path,
  previous,
  stop,
}: PipesToPlan): Promise<SplitPlan | null> {
  const folder = join(path, STDIN_FOLDER);
  if (options.fresh) await removeFolder(path, STDIN_FOLDER);
  const { copies, missing } = await copyPipes(patterns, { folder, resumed: previous !== null, stop });
  // Ctrl-C ends the command that writes into the pipe too: the end of the stream is not that of the input then.
  if (stop.aborted) return null;
  if (missing.length > 0) {
    // Nothing is read of a run that is done.
    if (previous?.status === 'done' && !options.verifyInput) return readPlan(path);
    throw missingPipe(missing[0]);
  }
  return planOf(patterns, recipe, options, path, copies);
}

/**
 * Errors: ConfigError where there is nothing to read, or a window does not fit the memory.
 * @param spooled copies of pipes
 */
async function planOf(
  patterns: readonly string[],
  recipe: Recipe,
  options: RunOptions,
  path: string,
  spooled?: ReadonlyMap<string, Spooled>,
): Promise<SplitPlan> {
  const plan = await planSplits(patterns, recipe.read, { splitBytes: recipe.splitBytes, spooled, output: path });
  if (plan.splits.length === 0 && plan.files.length === 0) {
    throw nothingToRead(patterns, plan.skipped);
  }
  refuseLargeWindows(plan.files, options.memory);
  return plan;
}

/** What a run writes cannot be what it reads; --fresh would delete it before. */
function refuseOwnOutput(patterns: readonly string[], path: string): void {
  const isOwn = (p: string): boolean =>
    isUrl(p)
      ? p === path || p.startsWith(`${path}/`)
      : p !== '-' && (resolve(p) === path || resolve(p).startsWith(path + sep));
  const own = patterns.find(isOwn);
  if (own === undefined) return;
  throw new ConfigError({
    expected: 'an input outside the output folder',
    got: own,
    where: path,
    fix: 'Choose another folder with --output.',
  });
}

export { BATCH_SCHEMA_VERSION, RUN_FORMAT, SLUICE_VERSION };

import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { isUrl, joinKey } from '../../files/stores/url.ts';
import { isFleet, NODES_FILE } from '../../ledger/fleet-commits.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import { runPlace } from '../../ledger/stored/restore.ts';
import { builtInNames } from '../../recipe/loader.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { finishNodes } from '../../run/nodes/finish.ts';
import { isFinished, readNodesJson } from '../../run/nodes/fleet.ts';
import { finishedError, runShard } from '../../run/nodes/shard.ts';
import { withShared } from '../../run/nodes/shared.ts';
import type { ShardEvent } from '../../run/nodes/work.ts';
import type { RunOptionsInput } from '../../run/options.ts';
import { safeJson, safeText } from '../../safe-text.ts';
import { wholeNumber } from '../command.ts';
import { EXIT, errorEvent } from '../failure.ts';
import { program } from '../program.ts';
import { recipeSpecs, useCache } from '../recipe-options.ts';
import { plural, shellWord, shownPath } from '../terminal/format.ts';
import { finishAndSay } from './finish.ts';
import { fleetRecipe } from './fleet-recipe.ts';
import { shardChoice } from './shard-option.ts';

export interface ShardValues {
  readonly shard: string | undefined;
  readonly redo: string | undefined;
  readonly phase: string | undefined;
  readonly wait: boolean;
  readonly finish: boolean;
  readonly json: boolean;
  readonly cache?: string;
  /** The other options of `sluice run`, by name. */
  readonly [option: string]: unknown;
}

/** Options of a run that decide what is written, or that a part of a run has no use for. */
const OF_RUN: readonly string[] = [
  ...['limit', 'sample', 'annotate-only', 'recut', 'recompute', 'shard-size', 'verify-input'],
  ...['card', 'live', 'alert-webhook', 'fail-on-alert'],
];
/** Those of a recipe too: where a recipe is named, it is compared with that of the plan; the input always is. */
const DECIDING: readonly string[] = [
  ...Object.keys(recipeSpecs).filter((name) => name !== 'cache' && name !== 'input'),
  ...['output', ...OF_RUN],
];

/** Errors: ConfigError for an option that the plan has decided already, by its name. */
export function refuseDeciding(
  run: string,
  values: Readonly<Record<string, unknown>>,
  deciding: readonly string[] = DECIDING,
): void {
  const isGiven = (v: unknown): boolean => (Array.isArray(v) ? v.length > 0 : v !== undefined && v !== false);
  const given = deciding.filter((name) => isGiven(values[name])).map((name) => `--${name}`);
  if (given.length === 0) return;
  const it = given.length === 1 ? 'it' : 'them';
  throw new ConfigError({
    expected: 'a planned run as it was planned; --shard, --phase, --wait, --workers and --memory do not change it',
    got: given.join(', '),
    where: shownPath(run),
    fix: `Leave ${it} out. For another output plan again: ${program()} plan <recipe> ... --nodes N --output <folder>`,
  });
}

/** Errors: ConfigError for --input with other places than the plan has. None given: those of the plan. */
export function refuseOtherInput(run: string, given: readonly string[], planned: readonly string[]): void {
  const places = given.map((p) => (isUrl(p) ? p : resolve(p)));
  if (given.length === 0 || (places.length === planned.length && places.every((p, i) => p === planned[i]))) return;
  throw new ConfigError({
    expected: `the input that was planned: ${planned.map((p) => `--input ${shellWord(p)}`).join(' ')}`,
    got: given.map((p) => `--input ${shellWord(p)}`).join(' '),
    where: shownPath(run),
    fix: 'Leave --input out: a planned run knows its input. For another one plan again into another folder.',
  });
}

/** True for the folder or the address of a run, planned for many nodes or finished. */
export async function isRunFolder(given: string): Promise<boolean> {
  if (!isUrl(given)) return isFleet(given) || (existsSync(join(given, 'run.json')) && statSync(given).isDirectory());
  if (!/^s3:/i.test(given)) return false;
  const { store, prefix } = runPlace(given);
  const has = async (name: string): Promise<boolean> => (await store.stat(joinKey(prefix, name))) !== null;
  return (await has(NODES_FILE)) || (await has('run.json'));
}

/** Errors: ConfigError for what `--shard` is given for, where it is neither a planned run nor a recipe. */
export function refuseUnplanned(given: string): void {
  const named =
    builtInNames().includes(given) || (!isUrl(given) && statSync(given, { throwIfNoEntry: false })?.isFile());
  if (named) return;
  const there = !isUrl(given) && existsSync(given);
  throw new ConfigError({
    expected: 'the run directory of a planned run, or a recipe',
    got: there ? 'a folder without nodes.json' : 'nothing there',
    where: shownPath(given),
    fix: `Plan the run first: ${program()} plan <recipe> --input ... --nodes N --output ${shellWord(shownPath(given))}`,
  });
}

/** A line of progress at most so often. */
const EVERY_MS = 10_000;

/** Does one process's part of a planned run. @param named the recipe, where it was given instead of the folder */
export async function runOneShard(
  folder: string,
  named: Recipe | null,
  values: ShardValues,
  options: RunOptionsInput,
): Promise<number> {
  useCache(values.cache);
  const { finished, path, nodes } = await withShared(folder, async (shared) => {
    const finished = await isFinished(shared);
    return { finished, path: shared.name, nodes: finished ? null : await readNodesJson(shared) };
  });
  const again = `${program()} run ${shellWord(shownPath(path))}${values.shard ? ` --shard ${values.shard}` : ''}`;
  if (finished || nodes === null) {
    if (values.redo !== undefined) throw finishedError(path);
    say(values.json, { type: 'done', run: path }, `The run in ${shownPath(path)} is finished.`);
    return EXIT.done;
  }
  if (options.fresh)
    throw new ConfigError({
      expected: 'the run as it was planned',
      got: '--fresh with --shard',
      where: shownPath(path),
      fix: `Plan it anew: ${program()} plan <recipe> --nodes N --output ${shellWord(shownPath(path))} --fresh`,
    });
  if (values.finish && values.phase !== undefined)
    throw new ConfigError({
      expected: '--finish for a process that works on every phase',
      got: `--finish with --phase ${values.phase}`,
      where: 'sluice run',
      fix: `Leave --phase out, or end the run by itself: ${program()} finish ${shellWord(shownPath(path))}`,
    });
  if (values.finish && !values.wait)
    throw new ConfigError({
      expected: '--finish together with --wait: the others must have ended',
      got: '--finish alone',
      where: 'sluice run',
      fix: `Add --wait, or end the run by itself: ${program()} finish ${shellWord(shownPath(path))}`,
    });
  refuseDeciding(path, values, named === null ? DECIDING : OF_RUN);
  refuseOtherInput(path, options.input ?? [], nodes.inputs);
  const recipe = named ?? (await fleetRecipe(path, nodes));
  const redo = wholeNumber(values.redo, '--redo', 0);
  const choice =
    redo === undefined ? shardChoice(values.shard, nodes.shards, process.env) : { index: 0, count: 1, redo };
  const stop = new AbortController();
  const unheed = onStop(stop, (signal) => {
    if (!values.json) process.stderr.write(`${signal}: finishing the splits in progress ...\n`);
  });
  let due = 0;
  let last: ShardEvent | null = null;
  try {
    const { phase, wait } = values;
    await new Promise<void>((done, fail) => {
      runShard(recipe, path, { ...options, stop: stop.signal }, { ...choice, phase, wait }).subscribe({
        next: (event) => {
          last = event;
          const shown = event.type !== 'split' || event.done === event.splits || performance.now() >= due;
          if (!shown && !values.json) return;
          due = performance.now() + EVERY_MS;
          say(values.json, event, lineOf(event));
        },
        error: fail,
        complete: done,
      });
    });
    const end = last as ShardEvent | null;
    if (values.finish && end?.type === 'done' && choice.index === 0) {
      const { memory, allow } = options;
      if (values.json)
        sayEvent({ type: 'finished', run: path, result: await finishNodes(recipe, path, { memory, allow }) });
      else await finishAndSay(recipe, path, { memory, allow }, false);
    }
  } catch (error) {
    if (values.json) process.stdout.write(`${safeJson(JSON.stringify(errorEvent(error)))}\n`);
    throw error;
  } finally {
    unheed();
  }
  const end = last as ShardEvent | null;
  if (end?.type !== 'stopped') return EXIT.done;
  if (!values.json) process.stderr.write(`Stopped. Committed work is kept. To resume:\n  ${again}\n`);
  return EXIT.interrupted;
}

/** Ctrl-C, the end of a pod, and the signal that Slurm sends before a time limit. */
function onStop(stop: AbortController, heard: (signal: string) => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGUSR1'] as const;
  const heed = (signal: string): void => {
    // The second one ends the process: what is committed stays.
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    heard(signal);
    stop.abort();
  };
  for (const signal of signals) process.on(signal, heed);
  return () => {
    for (const signal of signals) process.off(signal, heed);
  };
}

/** The last of a process that ends the run: `result` is run.json. */
interface FinishedEvent {
  readonly type: 'finished';
  readonly run: string;
  readonly result: RunJson;
}

function sayEvent({ type, ...rest }: ShardEvent | FinishedEvent): void {
  process.stdout.write(`${safeJson(JSON.stringify({ type, time: new Date().toISOString(), ...rest }))}\n`);
}

function say(json: boolean, event: ShardEvent, line: string): void {
  if (json) sayEvent(event);
  else process.stdout.write(`${safeText(line)}\n`);
}

/** Errors: ConfigError for --finish of a run that is not on many nodes. */
export function refuseFinish({ finish }: Pick<ShardValues, 'finish'>): void {
  if (!finish) return;
  throw new ConfigError({
    expected: '--finish for a process of a run on many nodes',
    got: '--finish without --shard',
    where: 'sluice run',
    fix: 'Leave --finish out: one process ends its run itself. On many nodes add --shard 0/N --wait.',
  });
}

function lineOf(event: ShardEvent): string {
  switch (event.type) {
    case 'note':
      return event.text;
    case 'retried':
      return `A worker thread died at ${event.task}: ${event.cause}. Retrying (${event.attempt} of ${event.attempts}).`;
    case 'split':
      return `${event.phase}, shard ${event.task}: ${event.done} of ${plural(event.splits, 'split')}`;
    case 'decided':
      return `${event.phase}, shard ${event.task}: decided in ${event.seconds} s`;
    case 'waiting':
      return `${event.phase}: done here, waiting for the others`;
    case 'stopped':
      return `${event.phase}: stopped`;
    case 'phase':
      return (
        `${event.phase}: ${plural(event.tasks, 'shard')} done` +
        `${event.already > 0 ? `, ${event.already} before` : ''}. ` +
        `${program()} status ${shellWord(shownPath(event.run))} says what is next.`
      );
    case 'done':
      return `Every phase is done: ${program()} finish ${shellWord(shownPath(event.run))}`;
  }
}

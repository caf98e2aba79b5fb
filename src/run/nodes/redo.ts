import { existsSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, InputError, SluiceError } from '../../errors.ts';
import { isAway } from '../../files/stores/problems.ts';
import {
  attemptName,
  attemptsOf,
  PLAN_ID,
  type PlannedFolder,
  TASKS_FOLDER,
  taskFolder,
} from '../../ledger/fleet-commits.ts';
import { shellWord } from '../../safe-text.ts';
import { readCommitStore } from '../../streams/commits/store.ts';
import { dropsFor, type StepDescriptor } from '../../streams/operator.ts';
import { removeFolder } from '../directory/own-files.ts';
import { type ClaimTimes, claim } from './attempts.ts';
import { deleteBelow } from './finish-store.ts';
import type { Fleet, FleetPhase } from './fleet.ts';
import { inRun, outcomeOf, readOutcome } from './outcome.ts';

/** Folder of the claims of finishers. */
export const finishFolder = ({ tasks }: PlannedFolder): string => `${tasks}/finish`;
export const endOf = ({ name }: Fleet): string => `the end of ${name}`;

/** The file of a task in an error: its phase and its number. */
const OF_TASK = new RegExp(
  `${TASKS_FOLDER}/(?:${PLAN_ID}/)?((?:split|decide)-[\\d.]+)/(\\d{5,})/attempt-\\d+/([^\\s'",]+)`,
);

/** What a shard has committed is gone or was changed. @param got what is there instead @param cause what found it */
export function lostFile(run: string, phase: string, shard: number, file: string, got: string, cause?: unknown) {
  const decides = phase.startsWith('decide');
  return new InputError({
    problem: `${file}, which shard ${shard} of ${phase} has committed, is lost or damaged: ${got}`,
    expected: `${file} as shard ${shard} of ${phase} has committed it`,
    got,
    where: run,
    fix: decides
      ? 'Restore the file. What it was decided from may be deleted already: else plan the run anew.'
      : `Do this shard again, and no other: sluice run ${shellWord(run)} --redo ${shard}`,
    cause,
  });
}

/** An error about a file that a task has committed, with its shard and the way out; any other error as it is. */
export function lostOf(error: unknown, run: string): unknown {
  if (!(error instanceof Error) || isAway(error)) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  if (!(error instanceof InputError) && code !== 'ENOENT') return error;
  const where =
    error instanceof SluiceError ? `${error.parts.where} ${error.parts.got} ${error.parts.expected}` : `${path}`;
  const [, phase, shard, file] = OF_TASK.exec(where) ?? [];
  if (phase === undefined) return error;
  const got = error instanceof SluiceError ? error.parts.got : 'no such file';
  return lostFile(run, phase, Number(shard), file, got, error);
}

/**
 * Looks for the tables of all shards before any is joined, by their sizes. In a store that would cost a request for
 * each file: they are missed where they are fetched. Errors: InputError that names the shard and how to do it again.
 */
export async function refuseLost({ shared, path, name }: Fleet, phases: readonly FleetPhase[]): Promise<void> {
  if (shared.stored !== null || (await joinedIn(path)) > 0) return;
  const sizeOf = (file: string): number | undefined => statSync(join(path, file), { throwIfNoEntry: false })?.size;
  for (const phase of phases.filter((p) => p.splits !== null))
    for (let task = 0; task < phase.tasks; task++)
      for (const { files } of (await readOutcome(shared, phase.name, task)).all)
        for (const file of files.filter((f) => f.sink !== 'work')) {
          // A finisher that was killed may have moved it.
          const size = sizeOf(file.path) ?? sizeOf(inRun(file.path));
          if (size === file.bytes) continue;
          const got = size === undefined ? 'no such file' : `${size} bytes for ${file.bytes}`;
          throw lostFile(name, phase.name, task, inRun(file.path), got);
        }
}

/** Whether a step gives other rows when it is done again, as decisions that stay do not allow. */
const isFickle = (step: StepDescriptor): boolean =>
  dropsFor(step) === 'predicate' || step.generates === true || step.external === true;

/**
 * Forgets what a logical shard has done, so that it is done again: in all phases of splits up to the last that it has
 * begun, because what a phase hands to the next is deleted with that. The other shards and all decisions stay: the same
 * bytes come again. Errors: ConfigError for a shard that there is not, for steps whose rows may differ, where a
 * finisher or an attempt of the shard lives, and where a finisher has begun to join the shards of a folder.
 */
export async function resetShard(
  fleet: Fleet,
  steps: readonly StepDescriptor[],
  phases: readonly FleetPhase[],
  shard: number,
  times: ClaimTimes,
): Promise<string[]> {
  const { shared, nodes, name } = fleet;
  if (shard >= nodes.shards)
    throw new ConfigError({
      expected: `a logical shard of this run: 0 to ${nodes.shards - 1}`,
      got: String(shard),
      where: '--redo',
      fix: `sluice status ${shellWord(name)} --verify names the one that has lost a file.`,
    });
  const fickle = steps.find(isFickle);
  if (fickle !== undefined)
    throw new ConfigError({
      expected: 'steps that give the same rows when a shard is done again',
      got: `step ${fickle.step}, which runs code of yours or asks a model: other rows would not fit what was decided`,
      where: '--redo',
      fix: 'Restore the lost file, or plan the run anew: sluice plan <recipe> ... --nodes N --fresh.',
    });
  const ends = finishFolder(shared);
  const finisher = await claim(shared, ends, endOf(fleet), times);
  const started = performance.now();
  try {
    await forgetJoined(fleet);
    // Shards that earlier finishers have joined in a store are joined again: to the same bytes.
    if (shared.stored !== null)
      for (const earlier of await attemptsOf(shared, ends))
        if (earlier < finisher.attempt) await deleteBelow(shared, `${ends}/${attemptName(earlier)}`);
    const again = phases.flatMap((p) => (p.splits === null ? [] : [p.name]));
    while (again.length > 0 && (await attemptsOf(shared, taskFolder(shared, again.at(-1)!, shard))).length === 0)
      again.pop();
    for (const phase of again) await forgetTask(fleet, phase, shard, times);
    return again;
  } finally {
    await finisher.end({ how: 'stopped', seconds: Math.round(performance.now() - started) / 1000 });
  }
}

/** Claims stay, so that attempts are counted on; the outcome goes last: until then it names what is missing. */
async function forgetTask({ shared, path }: Fleet, phase: string, shard: number, times: ClaimTimes): Promise<void> {
  const task = taskFolder(shared, phase, shard);
  const own = await claim(shared, task, `shard ${shard} of ${phase}`, times);
  for (const earlier of await attemptsOf(shared, task)) {
    if (earlier >= own.attempt) continue;
    const folder = `${task}/${attemptName(earlier)}`;
    if (shared.stored !== null) await deleteBelow(shared, folder);
    else await removeFolder(path, folder);
  }
  await shared.delete([outcomeOf(shared, phase, shard)]);
  await own.end({ how: 'stopped', seconds: 0 });
}

/** Output files that finishers have joined, as the log on this machine says: their parts are deleted. */
async function joinedIn(path: string): Promise<number> {
  const log = join(path, 'commits.jsonl');
  if (!existsSync(log)) return 0;
  return (await readCommitStore(log, { repair: false })).all.filter((c) => c.phase.startsWith('shard/')).length;
}

/** The merged log names the files of the attempts that are forgotten. */
async function forgetJoined({ shared, path, name }: Fleet): Promise<void> {
  if (shared.stored !== null) return;
  const joined = await joinedIn(path);
  if (joined > 0)
    throw new ConfigError({
      problem: 'sluice finish has joined some output files already, whose parts are deleted',
      expected: 'a run whose output files are not joined yet',
      got: `${joined} that are`,
      where: name,
      fix: 'Restore the lost file, or plan the run anew: sluice plan <recipe> ... --nodes N --fresh.',
    });
  await rm(join(path, 'commits.jsonl'), { force: true });
}

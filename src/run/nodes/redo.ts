import { existsSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, InputError, SluiceError } from '../../errors.ts';
import { attemptName, attemptsOf, TASKS_FOLDER, taskFolder } from '../../ledger/fleet-commits.ts';
import { shellWord } from '../../safe-text.ts';
import { readCommitStore } from '../../streams/commits/store.ts';
import { removeFolder } from '../directory/own-files.ts';
import { type ClaimTimes, claim } from './attempts.ts';
import { deleteBelow } from './finish-store.ts';
import type { Fleet, FleetPhase } from './fleet.ts';
import { isDone, outcomeOf, readOutcome } from './outcome.ts';

/** Folder of the claims of finishers. */
export const FINISH = `${TASKS_FOLDER}/finish`;
export const endOf = ({ name }: Fleet): string => `the end of ${name}`;

/** The file of a task in an error: its phase and its number. */
const OF_TASK = new RegExp(`${TASKS_FOLDER}/((?:split|decide)-[\\d.]+)/(\\d{5,})/attempt-\\d+/([^\\s'",]+)`);

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
  if (!(error instanceof Error)) return error;
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
 * Looks for the tables of all shards before any is joined, by their sizes. In a store that would cost a request a file:
 * they are missed where they are fetched. Errors: InputError that names the shard and how to do it again.
 */
export async function refuseLost({ shared, path, name }: Fleet, phases: readonly FleetPhase[]): Promise<void> {
  if (shared.stored !== null || existsSync(join(path, 'commits.jsonl'))) return;
  for (const phase of phases.filter((p) => p.splits !== null))
    for (let task = 0; task < phase.tasks; task++)
      for (const { files } of (await readOutcome(shared, phase.name, task)).all)
        for (const file of files.filter((f) => f.sink !== 'work')) {
          const stats = statSync(join(path, file.path), { throwIfNoEntry: false });
          if (stats?.size === file.bytes) continue;
          const got = stats === undefined ? 'no such file' : `${stats.size} bytes for ${file.bytes}`;
          throw lostFile(name, phase.name, task, file.path.split('/').slice(4).join('/'), got);
        }
}

/**
 * Forgets what a logical shard has done, so that it is done again: in all phases of splits up to the last that it has
 * done, because what a phase hands to the next is deleted with that. The other shards and all decisions stay: the same
 * bytes come again. Errors: ConfigError for a shard that there is not, where a finisher lives, and where it has begun
 * to join the shards of a folder.
 */
export async function resetShard(
  fleet: Fleet,
  phases: readonly FleetPhase[],
  shard: number,
  times: ClaimTimes,
): Promise<string[]> {
  const { shared, nodes, name, path } = fleet;
  if (shard >= nodes.shards)
    throw new ConfigError({
      expected: `a logical shard of this run: 0 to ${nodes.shards - 1}`,
      got: String(shard),
      where: '--redo',
      fix: `sluice status ${shellWord(name)} --verify names the one that has lost a file.`,
    });
  const finisher = await claim(shared, FINISH, endOf(fleet), times);
  const started = performance.now();
  try {
    await forgetJoined(fleet);
    // Shards that earlier finishers have joined in a store are joined again: to the same bytes.
    if (shared.stored !== null)
      for (const earlier of await attemptsOf(shared, FINISH))
        if (earlier < finisher.attempt) await deleteBelow(shared, `${FINISH}/${attemptName(earlier)}`);
    const of = phases.filter((p) => p.splits !== null);
    let done = of.length;
    while (done > 0 && !(await isDone(shared, of[done - 1].name, shard))) done--;
    const again = of.slice(0, done).map((p) => p.name);
    for (const phase of again) {
      await shared.delete([outcomeOf(phase, shard)]);
      if (shared.stored !== null) await deleteBelow(shared, taskFolder(phase, shard));
      else await removeFolder(path, taskFolder(phase, shard));
    }
    return again;
  } finally {
    await finisher.end({ how: 'stopped', seconds: Math.round(performance.now() - started) / 1000 });
  }
}

/** The merged log names the files of the attempts that are forgotten. */
async function forgetJoined({ shared, path, name }: Fleet): Promise<void> {
  const log = join(path, 'commits.jsonl');
  if (shared.stored !== null || !existsSync(log)) return;
  const joined = (await readCommitStore(log, { repair: false })).all.filter((c) => c.phase.startsWith('shard/'));
  if (joined.length > 0)
    throw new ConfigError({
      problem: 'sluice finish has joined some output files already, whose parts are deleted',
      expected: 'a run whose output files are not joined yet',
      got: `${joined.length} that are`,
      where: name,
      fix: 'Restore the lost file, or plan the run anew: sluice plan <recipe> ... --nodes N --fresh.',
    });
  await rm(log);
}

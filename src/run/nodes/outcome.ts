import { existsSync } from 'node:fs';
import { link, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { partsOfLines } from '../../files/lines.ts';
import { temporaryName, writeWhole } from '../../files/whole.ts';
import { committedLines, taskFolder } from '../../ledger/fleet-commits.ts';
import { type Commit, commitLine } from '../../streams/commits/log.ts';
import { type CommitStore, readCommitStore } from '../../streams/commits/store.ts';

/** What became of a task, once and for all: the commits that count, with the paths of their files in the run. */
const OUTCOME = 'done.jsonl';

export const isDone = (run: string, phase: string, task: number): boolean =>
  existsSync(join(run, taskFolder(phase, task), OUTCOME));

/** Errors: InputError for a damaged file. */
export const readOutcome = (run: string, phase: string, task: number): Promise<CommitStore> =>
  readCommitStore(join(run, taskFolder(phase, task), OUTCOME), { repair: false });

export const outcomePath = (run: string, phase: string, task: number): string =>
  join(run, taskFolder(phase, task), OUTCOME);

/** What the attempts of a task have committed, whole; see `committedLines`. */
export async function committedBy(
  run: string,
  phase: string,
  task: number,
  before?: number,
): Promise<Map<number, Commit>> {
  const lines = await committedLines(run, phase, task, before);
  return new Map([...lines].map(([split, { commit }]) => [split, commit]));
}

/**
 * Writes the outcome of a task. The first to do so wins, and everybody reads that one: an attempt that was taken for
 * dead and comes back changes nothing. Returns whether it was ours.
 */
export async function writeOutcome(
  run: string,
  phase: string,
  task: number,
  commits: readonly Commit[],
): Promise<boolean> {
  const path = outcomePath(run, phase, task);
  const lines: string[] = [];
  for (const commit of commits) lines.push((await commitLine(commit)).slice(0, -1));
  const own = temporaryName(path);
  await writeWhole(own, partsOfLines(lines));
  try {
    await link(own, path);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes(code)) throw error;
    // No hard links there. Two that do this at once write files that are equally good, and the later one stays.
    if (existsSync(path)) return false;
    await rename(own, path);
    return true;
  } finally {
    await rm(own, { force: true });
  }
}

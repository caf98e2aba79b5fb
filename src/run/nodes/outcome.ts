import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '../../errors.ts';
import { writeWhole } from '../../files/whole.ts';
import { committedLines, PLAN_ID, type PlannedFolder, TASKS_FOLDER } from '../../ledger/fleet-commits.ts';
import { type Commit, commitLine } from '../../streams/commits/log.ts';
import { type CommitStore, readCommitStore } from '../../streams/commits/store.ts';
import type { FleetPhase } from './fleet.ts';

/** One folder for those of a phase, so that one look tells which of its tasks are done. */
const doneFolder = ({ tasks }: PlannedFolder, phase: string): string => `${tasks}/${phase}/done`;

/** What became of a task, once and for all: the commits that count, with the paths of their files in the run. */
export const outcomeOf = (run: PlannedFolder, phase: string, task: number): string =>
  `${doneFolder(run, phase)}/${String(task).padStart(5, '0')}.jsonl`;

export const isDone = (run: PlannedFolder, phase: string, task: number): Promise<boolean> =>
  run.has(outcomeOf(run, phase, task));

/** Tasks of a phase that are not done, ascending. */
export async function undone(
  run: PlannedFolder,
  { name, tasks }: Pick<FleetPhase, 'name' | 'tasks'>,
): Promise<number[]> {
  const done = new Set((await run.names(doneFolder(run, name))).flatMap((n) => /^(\d+)\.jsonl$/.exec(n)?.[1] ?? []));
  return Array.from({ length: tasks }, (_, task) => task).filter((t) => !done.has(String(t).padStart(5, '0')));
}

const ATTEMPT = new RegExp(`^${TASKS_FOLDER}/(?:${PLAN_ID}/)?[^/]+/\\d+/attempt-\\d+/`);

/** The place in the run of a file that stays as it is, once a finisher has moved it out of its attempt. */
export const inRun = (file: string): string => file.replace(ATTEMPT, '');

/** The outcome of a task as a file of this machine. Errors: InputError where it is not there. */
export async function outcomePath(run: PlannedFolder, phase: string, task: number): Promise<string> {
  const path = join(run.path, outcomeOf(run, phase, task));
  if (existsSync(path)) return path;
  const text = run.stored === null ? null : await run.read(outcomeOf(run, phase, task));
  if (text === null)
    throw new InputError({
      expected: `the outcome of shard ${task} of ${phase}`,
      got: 'none',
      where: `${run.name}/${outcomeOf(run, phase, task)}`,
      fix: 'Another process has finished the run or does the shard again, or somebody deleted it: see sluice status.',
    });
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, text);
  return path;
}

/** Errors: InputError for a damaged file. */
export const readOutcome = async (run: PlannedFolder, phase: string, task: number): Promise<CommitStore> =>
  readCommitStore(await outcomePath(run, phase, task), { repair: false });

/** What the attempts of a task have committed, whole; see `committedLines`. */
export async function committedBy(
  run: PlannedFolder,
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
  run: PlannedFolder,
  phase: string,
  task: number,
  commits: readonly Commit[],
): Promise<boolean> {
  const lines: string[] = [];
  for (const commit of commits) lines.push(await commitLine(commit));
  return (await run.put(outcomeOf(run, phase, task), lines.join(''), 'absent')).written;
}

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { atOnce } from '../files/stores/at-once.ts';
import type { SharedFolder } from '../files/stores/shared-folder.ts';
import { writeWhole } from '../files/whole.ts';
import { type CommitLine, commitLines } from '../streams/commits/log.ts';
import { type CommitStore, commitStore } from '../streams/commits/store.ts';

/** What many nodes must know besides run.json and the plan; written once, by `sluice plan --nodes`. */
export const NODES_FILE = 'nodes.json';
/** What many nodes work in, and what a launcher keeps. */
export const TASKS_FOLDER = 'tasks';
/** What a plan calls its folder in `tasks/`: no other plan of the same run directory has the same. */
export const PLAN_ID = '[0-9a-f]{12}';

/** The run directory as one plan sees it. */
export interface PlannedFolder extends SharedFolder {
  /**
   * Folder with one of each phase, in which each task has one. It is that of the plan, so that a process of a plan that
   * was replaced meanwhile never writes where those of the new one do.
   */
  readonly tasks: string;
}

/** @param id of the plan; a run that was planned before plans had one has its phases in `tasks/` itself */
export const planned = (run: SharedFolder, id: string | undefined): PlannedFolder => ({
  ...run,
  tasks: id === undefined ? TASKS_FOLDER : `${TASKS_FOLDER}/${id}`,
});

/** By the plan that is there now. */
async function plannedNow(run: SharedFolder): Promise<PlannedFolder> {
  const text = await run.read(NODES_FILE);
  return planned(run, text === null ? undefined : (JSON.parse(text) as { readonly id?: string }).id);
}

/** True for a folder that was planned for many nodes, and is not finished. */
export const isFleet = (folder: string): boolean => existsSync(join(folder, NODES_FILE));

/** Folder of a task, relative to the run directory. */
export const taskFolder = ({ tasks }: PlannedFolder, phase: string, task: number): string =>
  `${tasks}/${phase}/${String(task).padStart(5, '0')}`;

/** A claim is a file of the task's folder beside the folder of its attempt; only one process can make it. */
const CLAIM = /^attempt-(\d{4,})\.json$/;
export const attemptName = (attempt: number): string => `attempt-${String(attempt).padStart(4, '0')}`;
export const claimPath = (task: string, attempt: number): string => `${task}/${attemptName(attempt)}.json`;

/** Numbers of the attempts of a task, ascending. @param task its folder, relative to the run directory */
export async function attemptsOf(run: SharedFolder, task: string): Promise<number[]> {
  const names = await run.names(task);
  return names.flatMap((n) => CLAIM.exec(n)?.slice(1).map(Number) ?? []).sort((a, b) => a - b);
}

/** Logs of an attempt that are read at once. */
const AT_ONCE = 16;

/** In a store a log is several objects, so that none of them grows without end. */
const LOG_FOLDER = 'log';
export const logPath = (attempt: string, number: number): string =>
  `${attempt}/${LOG_FOLDER}/${String(number).padStart(6, '0')}.jsonl`;

/** The commit log of an attempt as a file of this machine; it may not be there. @param attempt its folder */
export async function attemptLog(run: SharedFolder, attempt: string): Promise<string> {
  if (run.stored === null) return join(run.path, attempt, 'commits.jsonl');
  // Not the one that this process may be writing to.
  const path = join(run.path, attempt, 'fetched.jsonl');
  const names = (await run.names(`${attempt}/${LOG_FOLDER}`)).sort();
  const parts = await atOnce(names, AT_ONCE, (name) => run.read(`${attempt}/${LOG_FOLDER}/${name}`));
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, parts.join(''));
  return path;
}

/** A commit of an attempt, with the log that it stands in. Paths of files are those in the run directory. */
export interface AttemptLine extends CommitLine {
  readonly log: string;
}

/**
 * What the attempts of a task have committed, by number of split: of several attempts the first counts.
 * @param before attempts below this number only
 */
export async function committedLines(
  run: PlannedFolder,
  phase: string,
  task: number,
  before = Number.POSITIVE_INFINITY,
): Promise<Map<number, AttemptLine>> {
  const folder = taskFolder(run, phase, task);
  const found = new Map<number, AttemptLine>();
  for (const attempt of await attemptsOf(run, folder)) {
    if (attempt >= before) break;
    const own = `${folder}/${attemptName(attempt)}`;
    const log = await attemptLog(run, own);
    // Another process may still write to it: what is torn is not there, and nothing is cut.
    for await (const line of commitLines(log, { repair: false })) {
      const { commit } = line;
      if (found.has(commit.split)) continue;
      const files = commit.files.map((f) => ({ ...f, path: `${own}/${f.path}` }));
      found.set(commit.split, { ...line, commit: { ...commit, files }, log });
    }
  }
  return found;
}

/** What all processes of a run on many nodes have committed of its splits so far, by phase and split. */
export async function* fleetLines(folder: SharedFolder): AsyncGenerator<AttemptLine> {
  const run = await plannedNow(folder);
  const phases = await run.names(run.tasks);
  for (const phase of phases.filter((p) => /^split-\d+$/.test(p)).sort((a, b) => a.localeCompare(b, 'en', NUMERIC))) {
    const tasks = (await run.names(`${run.tasks}/${phase}`)).filter((t) => /^\d+$/.test(t));
    const lines = await atOnce(tasks, AT_ONCE, (task) => committedLines(run, phase, Number(task)));
    yield* lines.flatMap((l) => [...l.values()]).sort((a, b) => a.commit.split - b.commit.split);
  }
}

/** The same as if one process had committed it. */
export async function readFleetCommits(run: SharedFolder): Promise<CommitStore> {
  const store = commitStore(join(run.path, 'commits.jsonl'));
  for await (const line of fleetLines(run)) store.add(line, line.log);
  return store;
}

const NUMERIC = { numeric: true } as const;

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ifThere } from '../files/whole.ts';
import { type CommitLine, commitLines } from '../streams/commits/log.ts';
import { type CommitStore, commitStore } from '../streams/commits/store.ts';

/** What many nodes must know besides run.json and the plan; written once, by `sluice plan --nodes`. */
export const NODES_FILE = 'nodes.json';
/** Folder with one of each phase, in which each task has one. */
export const TASKS_FOLDER = 'tasks';

/** True for a folder that was planned for many nodes, and is not finished. */
export const isFleet = (folder: string): boolean => existsSync(join(folder, NODES_FILE));

/** Folder of a task, relative to the run directory. */
export const taskFolder = (phase: string, task: number): string =>
  `${TASKS_FOLDER}/${phase}/${String(task).padStart(5, '0')}`;

const ATTEMPT = /^attempt-(\d{4,})$/;
export const attemptName = (attempt: number): string => `attempt-${String(attempt).padStart(4, '0')}`;

/** Numbers of the attempts of a task, ascending. */
export async function attemptsOf(task: string): Promise<number[]> {
  const names = (await ifThere(readdir(task))) ?? [];
  return names.flatMap((n) => ATTEMPT.exec(n)?.slice(1).map(Number) ?? []).sort((a, b) => a - b);
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
  run: string,
  phase: string,
  task: number,
  before = Number.POSITIVE_INFINITY,
): Promise<Map<number, AttemptLine>> {
  const folder = join(run, taskFolder(phase, task));
  const found = new Map<number, AttemptLine>();
  for (const attempt of await attemptsOf(folder)) {
    if (attempt >= before) break;
    const own = join(folder, attemptName(attempt));
    const log = join(own, 'commits.jsonl');
    // Another process may still write to it: what is torn is not there, and nothing is cut.
    for await (const line of commitLines(log, { repair: false })) {
      const { commit } = line;
      if (found.has(commit.split)) continue;
      const at = relative(run, own).replaceAll('\\', '/');
      const files = commit.files.map((f) => ({ ...f, path: `${at}/${f.path}` }));
      found.set(commit.split, { ...line, commit: { ...commit, files }, log });
    }
  }
  return found;
}

/** What all processes of a run on many nodes have committed of its splits so far, as if one had. */
export async function readFleetCommits(run: string): Promise<CommitStore> {
  const store = commitStore(join(run, 'commits.jsonl'));
  const phases = (await ifThere(readdir(join(run, TASKS_FOLDER)))) ?? [];
  for (const phase of phases.filter((p) => /^split-\d+$/.test(p)).sort((a, b) => a.localeCompare(b, 'en', NUMERIC))) {
    const tasks = ((await ifThere(readdir(join(run, TASKS_FOLDER, phase)))) ?? []).filter((t) => /^\d+$/.test(t));
    const lines: AttemptLine[] = [];
    for (const task of tasks) lines.push(...(await committedLines(run, phase, Number(task))).values());
    for (const line of lines.sort((a, b) => a.commit.split - b.commit.split)) store.add(line, line.log);
  }
  return store;
}

const NUMERIC = { numeric: true } as const;

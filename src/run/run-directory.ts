import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { ConfigError, InputError } from '../errors.ts';
import { type Commit, CommitLog, type CommittedFile, commitKey, readCommits } from '../streams/commits.ts';
import { RUN_FORMAT, type RunJson } from './types.ts';

/** Copy of standard input, kept until the run is done. */
export const STDIN_FOLDER = 'stdin-copy';
/** What may be there before run.json is. */
const BEFORE_RUN_JSON = ['lock', 'plan.json', STDIN_FOLDER];

/** Flushes a folder entry to disk, so that a rename in it is durable. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a whole file so that a reader sees the old or the new one, never a part. */
export async function writeDurable(path: string, data: string): Promise<void> {
  const handle = await open(`${path}.tmp`, 'w');
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.tmp`, path);
  await syncFolder(dirname(path));
}

/** The folder of a run: its lock, its commits and its files. Open with `openRunDirectory`. */
export class RunDirectory {
  readonly path: string;
  readonly commits: Commit[];
  #log: CommitLog;
  #done: Set<string>;

  constructor(path: string, commits: Commit[]) {
    this.path = path;
    this.commits = commits;
    this.#log = new CommitLog(join(path, 'commits.jsonl'));
    this.#done = new Set(commits.map(commitKey));
  }

  has(phase: string, split: number): boolean {
    return this.#done.has(commitKey({ phase, split }));
  }

  /** Renames what a task wrote, makes the names durable, then appends the line that makes it true. */
  async commit(commit: Omit<Commit, 'format' | 'at'>): Promise<Commit> {
    const folders = new Set<string>();
    for (const { path } of commit.files) {
      await rename(join(this.path, `${path}.tmp`), join(this.path, path));
      folders.add(dirname(join(this.path, path)));
    }
    for (const folder of folders) await syncFolder(folder);
    const whole: Commit = { format: 1, ...commit, at: new Date().toISOString() };
    await this.#log.append(whole);
    this.commits.push(whole);
    this.#done.add(commitKey(whole));
    return whole;
  }

  /** Deletes every file below the output folders that no commit lists (left by a kill) or that a later commit replaced. */
  async sweep(): Promise<void> {
    const replaced = new Set(this.commits.flatMap((c) => c.replaces));
    const live = new Set(this.commits.flatMap((c) => c.files.map((f) => f.path)).filter((p) => !replaced.has(p)));
    for (const top of ['documents', 'ledger', 'quarantine', 'sinks', 'work']) {
      for (const path of await filesBelow(join(this.path, top)))
        if (!live.has(relative(this.path, path))) await unlink(path);
    }
    for (const path of await readdir(this.path)) if (path.endsWith('.tmp')) await unlink(join(this.path, path));
  }

  /** Deletes what a commit has made superfluous; `sweep` does it on the next start if a kill comes first. */
  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) await rm(join(this.path, path), { force: true });
  }

  /** Removes what only a run in work needs. */
  async clearWork(): Promise<void> {
    for (const folder of ['work', STDIN_FOLDER]) await rm(join(this.path, folder), { recursive: true, force: true });
  }

  file(f: CommittedFile): string {
    return join(this.path, f.path);
  }

  async writeRunJson(run: RunJson): Promise<void> {
    await writeDurable(join(this.path, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
  }

  async unlock(): Promise<void> {
    await rm(join(this.path, 'lock'), { force: true });
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath ?? e.path, e.name));
}

export async function readRunJson(path: string): Promise<RunJson | null> {
  const file = join(path, 'run.json');
  if (!existsSync(file)) return null;
  let run: RunJson;
  try {
    run = JSON.parse(await readFile(file, 'utf8')) as RunJson;
  } catch (cause) {
    throw new InputError({
      expected: 'JSON',
      came: (cause as Error).message,
      where: file,
      todo: 'Start again with --fresh.',
      cause,
    });
  }
  if (run.format !== RUN_FORMAT) {
    throw new InputError({
      expected: `run format ${RUN_FORMAT}`,
      came: String(run.format),
      where: file,
      todo: 'Use the version of Sluice that made it, or another output folder.',
    });
  }
  return run;
}

/** Takes the folder for this process and reads what is committed. Refuses a folder that holds something that is not ours. */
export async function openRunDirectory(
  path: string,
  { fresh }: { fresh: boolean },
): Promise<{ directory: RunDirectory; previous: RunJson | null }> {
  let previous = await readRunJson(path);
  if (previous === null && existsSync(path) && (await readdir(path)).some((name) => !BEFORE_RUN_JSON.includes(name))) {
    throw new ConfigError({
      expected: 'an empty or new output folder, or one of an earlier run',
      came: `a folder with other files (${(await readdir(path)).slice(0, 3).join(', ')})`,
      where: path,
      todo: 'Choose another folder with --output. Sluice never deletes what is not its own.',
    });
  }
  await mkdir(path, { recursive: true });
  await lock(path);
  if (fresh && previous) {
    for (const name of await readdir(path)) if (name !== 'lock') await rm(join(path, name), { recursive: true });
    previous = null;
  }
  const directory = new RunDirectory(path, await readCommits(join(path, 'commits.jsonl'), { repair: true }));
  return { directory, previous };
}

/** One process at a time: a file with our process id, created exclusively. A lock of a process that is gone is taken over. */
async function lock(path: string): Promise<void> {
  const file = join(path, 'lock');
  const mine = JSON.stringify({ pid: process.pid, started: await startOf(process.pid) });
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(file, mine, { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await lockHolder(file);
    if (holder !== null) {
      throw new ConfigError({
        expected: 'a run directory that no other process works on',
        came: `one that process ${holder} holds`,
        where: path,
        todo: 'Wait for it, stop it, or choose another folder with --output.',
      });
    }
    await rm(file, { force: true });
  }
}

/** Process id in a lock when that same process is alive, else null. */
export async function lockHolder(file: string): Promise<number | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const match = /^\{"pid":(\d+),"started":(?:"(\d*)"|null)\}$/.exec(text);
  if (!match) return null;
  const pid = Number(match[1]);
  if (pid === process.pid) return pid;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : null;
  }
  const started = await startOf(pid);
  return started === (match[2] ?? null) ? pid : null;
}

/** Start time of a process in clock ticks, where the system tells it: a process id is used again after a restart. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, unlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { InputError } from '../../errors.ts';
import { lock } from '../../files/lock.ts';
import { publish } from '../../files/publish.ts';
import { syncFolder, writeWhole } from '../../files/whole.ts';
import { NODES_FILE } from '../../ledger/fleet-commits.ts';
import { type RunJson, readRunJson } from '../../ledger/run-json.ts';
import { type Counters, emptyCounters, mergeCounters } from '../../streams/commits/counters.ts';
import { checkFiles, checkSizes } from '../../streams/commits/damage.ts';
import { type Commit, CommitLog, type CommittedFile, commitLine, liveFiles } from '../../streams/commits/log.ts';
import { type CommitPhase, phaseName } from '../../streams/commits/phase.ts';
import { type CommitStore, readCommitStore } from '../../streams/commits/store.ts';
import { refuseForeign, refuseOtherReadme } from './foreign.ts';
import { INDEX_FOLDER } from './layout.ts';
import type { Mirror } from './mirror.ts';
import { filesBelow, isOwnFile, removeFolder, removeOwn, STDIN_FOLDER, WORK_FOLDER } from './own-files.ts';
import { StoreQueue } from './store-queue.ts';
import type { StoreSide } from './store-side.ts';

type NewCommit = Omit<Commit, 'format' | 'at' | 'phase'> & { readonly phase: CommitPhase };

/** The folder of a run: its lock, its commits and its files. Open with `openRunDirectory`, end with `close`. */
export class RunDirectory {
  readonly path: string;
  readonly commits: CommitStore;
  /** Sum of what was counted when the folder was opened, in the order of commits. */
  readonly counted: Counters;
  #log: CommitLog;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;
  #mirror: StoreSide | null;
  #queue: StoreQueue | null;

  private constructor(path: string, commits: CommitStore, counted: Counters, mirror: StoreSide | null) {
    this.path = path;
    this.#mirror = mirror;
    this.#queue = mirror && new StoreQueue(mirror);
    this.commits = commits;
    this.counted = counted;
    this.#log = new CommitLog(join(path, 'commits.jsonl'));
  }

  /** @param mirror of a run directory in a store, whose copy the folder is */
  static async open(path: string, mirror: StoreSide | null = null): Promise<RunDirectory> {
    const counted = emptyCounters();
    const commits = await readCommitStore(join(path, 'commits.jsonl'), { repair: true }, ({ counters }) => {
      if (counters) mergeCounters(counted, counters);
    });
    return new RunDirectory(path, commits, counted, mirror);
  }

  /**
   * Makes the folders that a run writes to, and commits.jsonl, so that their names are durable before the first commit.
   */
  async makeFolders(folders: readonly string[]): Promise<void> {
    const parents = new Set([this.path]);
    for (const folder of folders) {
      const path = join(this.path, folder);
      await mkdir(path, { recursive: true });
      for (let p = dirname(path); p.length > this.path.length; p = dirname(p)) parents.add(p);
    }
    await this.#log.create();
    for (const parent of parents) await syncFolder(parent);
  }

  /** Its folder, and its address in a store, for events. */
  get places(): { readonly run: string; readonly store?: string } {
    return { run: this.path, ...(this.#mirror && { store: this.#mirror.url }) };
  }

  /** True of a run in a store that was finished before: its tables are not here. */
  get isElsewhere(): boolean {
    return this.#mirror?.done ?? false;
  }

  /**
   * Renames what a task wrote, makes the names durable, then appends the line that makes it true. One at a time, in the
   * order of calls. To a store they go afterwards, see `StoreQueue`: `writeRunJson` and `close` wait for that. Until
   * then the folder is ahead of the store, which is what counts: the next start makes the folder like the store.
   */
  commit(commit: NewCommit): Promise<void> {
    const next = this.#last.then(() => this.#ready(commit)).then(() => this.#commit(commit));
    // Whoever waits for the result is told; those behind go on.
    this.#last = next.catch(() => {});
    return next;
  }

  async #ready({ files }: NewCommit): Promise<void> {
    if (this.#closed) throw new Error('the run has ended');
    // The step that leaves an index makes the folder.
    const hasIndex = files.some(({ path }) => path.startsWith(`${INDEX_FOLDER}/`));
    await publish(this.path, files, { folders: hasIndex ? [this.path] : [] });
  }

  async #commit({ phase, ...rest }: NewCommit): Promise<void> {
    if (this.#closed) throw new Error('the run has ended');
    const commit: Commit = { format: 1, phase: phaseName(phase), ...rest, at: new Date().toISOString() };
    this.commits.add({ commit, ...(await this.#log.append(commit)) });
    await this.#queue?.send(commit, await commitLine(commit));
  }

  /**
   * Deletes every file of a run below the output folders that no commit lists (left by a kill) or that a later commit
   * replaced, and temporary files. Errors: InputError when a committed file is gone or has another size.
   */
  async sweep(): Promise<void> {
    const commits = this.commits.all;
    const replaced = new Set(commits.flatMap((c) => c.replaces));
    const live = new Set(commits.flatMap((c) => c.files.map((f) => f.path)).filter((p) => !replaced.has(p)));
    for (const top of ['documents', 'ledger', 'quarantine', 'sinks', WORK_FOLDER, INDEX_FOLDER]) {
      for (const path of await filesBelow(this.path, top))
        if (!live.delete(path) && (await isOwnFile(this.path, path))) await unlink(join(this.path, path));
    }
    await this.#sweepTemporary();
    if (live.size === 0) return checkSizes(this);
    throw new InputError({
      expected: 'every file of commits.jsonl',
      got: `${live.size} of them missing, the first: ${[...live].sort()[0]}`,
      where: this.path,
      fix: 'Somebody deleted or moved them: put them back, or start again with --fresh.',
    });
  }

  async #sweepTemporary(): Promise<void> {
    for (const folder of [this.path, join(this.path, STDIN_FOLDER)]) {
      if (!existsSync(folder)) continue;
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        const own = await isOwnFile(this.path, relative(this.path, path).replaceAll('\\', '/'));
        if (own && name.endsWith('.tmp')) await unlink(path);
      }
    }
  }

  /** Errors: InputError when a file has other bytes than were committed, see `checkFiles`. */
  check(options: { readonly done: boolean }): Promise<void> {
    return checkFiles(this, options);
  }

  /** Deletes what a commit has made superfluous; `sweep` does it on the next start if a kill comes first. */
  async remove(paths: readonly string[]): Promise<void> {
    const here = async (): Promise<void> => {
      for (const path of paths) await rm(join(this.path, path), { force: true });
      this.#mirror?.remove(paths);
    };
    // Until a store has the commit it may still want these.
    if (this.#queue === null) await here();
    else this.#queue.afterwards(here);
  }

  /** Removes what only a run in work needs. */
  async clearWork(): Promise<void> {
    for (const folder of [WORK_FOLDER, STDIN_FOLDER]) await removeFolder(this.path, folder);
  }

  file(f: CommittedFile): string {
    return join(this.path, f.path);
  }

  /**
   * Writes run.json, here and in the store, once all has arrived there. @param first that of a run which begins: no
   * commit counts in the store before it is there, so the run need not wait for it; what is wrong with it the next
   * commit is told
   */
  async writeRunJson(run: RunJson, { first = false }: { readonly first?: boolean } = {}): Promise<void> {
    const text = `${JSON.stringify(run, null, 2)}\n`;
    const done = run.status === 'done';
    const live = done ? liveFiles(this.commits.all).filter((f) => !f.path.startsWith(`${WORK_FOLDER}/`)) : [];
    const put = async (): Promise<void> => {
      // Its plan and hashes come first, as in the folder. A folder that says done while its store does not would lie.
      if (!done) await this.#mirror?.putFiles(['plan.jsonl', 'input.xxh64']);
      await this.#mirror?.putRunJson(text, done, live);
    };
    if (first) this.#queue?.afterwards(put);
    else {
      await this.#queue?.arrived();
      await put();
    }
    await writeWhole(join(this.path, 'run.json'), text);
  }

  /**
   * Waits for the commit in work, refuses further ones and gives the folder free. After a failure everything that is
   * not committed is deleted first; by what commits.jsonl says, because a line whose flush failed may be there or not.
   */
  async close({ failed }: { failed: boolean }): Promise<void> {
    this.#closed = true;
    await this.#last;
    // After a failure the error that is told is another one, or this one was told before.
    await this.#queue?.arrived().catch(unlessFailed(failed));
    try {
      if (failed && existsSync(join(this.path, 'run.json'))) {
        await (await RunDirectory.open(this.path)).sweep();
      } else await this.#sweepTemporary();
      await this.#mirror?.close();
    } finally {
      await rm(join(this.path, 'lock'), { force: true });
    }
  }
}

/**
 * Takes the folder for this process and reads what is committed. Refuses a folder that holds something that is not
 * ours and no run; `left` names what else stands beside a run that was discarded, `made` the folders that were not
 * there.
 */
export async function openRunDirectory(
  output: string,
  { fresh, mirror = null }: { fresh: boolean; mirror?: Mirror | null },
): Promise<{ directory: RunDirectory; previous: RunJson | null; left: readonly string[]; made: readonly string[] }> {
  const path = resolve(output);
  if (mirror === null) await refuseForeign(path);
  const made = await makeRoot(path);
  await lock(path);
  try {
    await mirror?.restore({ fresh });
    // Under the lock: the run that held it until now may have ended meanwhile.
    let previous = await readRunJson(path);
    if (fresh || previous?.status !== 'done') await refuseOtherReadme(path);
    let left: readonly string[] = [];
    if (fresh && previous) {
      left = await discard(path, previous);
      previous = null;
    }
    return { directory: await RunDirectory.open(path, mirror), previous, left, made };
  } catch (error) {
    await rm(join(path, 'lock'), { force: true });
    throw error;
  }
}

/**
 * Makes the folder, and the names that lead to it durable. One after the other: a recursive mkdir hides why it failed.
 */
async function makeRoot(path: string): Promise<string[]> {
  const missing: string[] = [];
  for (let p = path; !existsSync(p); p = dirname(p)) missing.unshift(p);
  for (const p of missing) {
    await mkdir(p).catch(unlessThere);
    await syncFolder(dirname(p));
  }
  return missing;
}

const unlessFailed =
  (failed: boolean) =>
  (error: unknown): void => {
    if (!failed) throw error;
  };

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/**
 * Deletes an earlier run, and nothing beside it; returns the names of what stays. At any moment of it the folder is
 * that of a run that can go on: unfinished first, then without commits, and run.json goes last. Where something else
 * stays, run.json stays as well until the new run writes its own: without it the folder would be somebody else's.
 */
async function discard(path: string, previous: RunJson): Promise<string[]> {
  await writeWhole(
    join(path, 'run.json'),
    `${JSON.stringify({ ...previous, status: 'running', finishedAt: null, totals: null }, null, 2)}\n`,
  );
  // The plan for many nodes before the rest is listed: see refuseReplanned.
  for (const name of ['commits.jsonl', NODES_FILE]) await rm(join(path, name), { force: true });
  await syncFolder(path);
  const left = await removeOwn(path, ['lock', 'run.json']);
  if (left.length === 0) await unlink(join(path, 'run.json'));
  await syncFolder(path);
  return left;
}

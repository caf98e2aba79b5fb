import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, InputError } from '../../errors.ts';
import { atOnce } from '../../files/stores/at-once.ts';
import { deleteAll } from '../../files/stores/delete-all.ts';
import { refuseCareless } from '../../files/stores/probe.ts';
import { joinKey } from '../../files/stores/url.ts';
import { readIfThere, writeWhole } from '../../files/whole.ts';
import { NODES_FILE } from '../../ledger/fleet-commits.ts';
import { type LogEntry, logFolder, logKey, type RunPlace, segmentFolder, segmentKey } from '../../ledger/stored/log.ts';
import {
  fetchFiles,
  fetchSideFiles,
  filesOfRun,
  isPlaced,
  linesOf,
  localFolder,
  readObject,
  readStored,
  runPlace,
  SIDE_FILES,
  type StoredRun,
} from '../../ledger/stored/restore.ts';
import type { CommittedFile } from '../../streams/commits/log.ts';
import { plannedForMany } from './planned.ts';
import type { StoreSide } from './store-side.ts';
import { discardStored, foreignKey, refuseForeignPrefix } from './stored-discard.ts';

/** Objects that are put at once. */
const AT_ONCE = 8;
/** Files of commits that are put at once. */
const UPLOADS = 4;
/** Attempts that have worked in this folder: of others' files nothing is believed. */
const ATTEMPTS = 'attempts';
const CLAIMS = 20;

/**
 * A run directory in a store. The process works in a folder of this machine, which may vanish; what is committed is in
 * the store: the files of a commit first, then its line as an object that is put only where there is none. Whoever
 * begins to work puts a claim into the same log, so an older process cannot commit any more.
 */
export class Mirror implements StoreSide {
  readonly url: string;
  readonly folder: string;
  #place: RunPlace;
  #attempt = randomUUID();
  #next = 0;
  #version: string | null = null;
  #done = false;
  #putting = 0;
  #queued: (() => void)[] = [];
  #toDelete: string[] = [];
  #deleting: Promise<void> | null = null;
  /** Of the files of this run that were committed here or fetched: the objects that hold them. */
  #keys = new Map<string, string>();

  private constructor(url: string, folder: string, place: RunPlace) {
    this.url = url;
    this.folder = folder;
    this.#place = place;
  }

  /** Asks nothing of the store yet: call `probe` before `restore`. */
  static async open(url: string): Promise<Mirror> {
    const place = runPlace(url);
    return new Mirror(`${place.store.url}/${place.prefix}`, await localFolder(url, 'work'), place);
  }

  /** Errors: ConfigError for a store that ignores conditions. */
  probe(): Promise<void> {
    return refuseCareless(this.#place.store, this.#place.prefix);
  }

  /** Errors: see `refuseForeignPrefix`. */
  async #look(): Promise<StoredRun> {
    const [stored, foreign] = await Promise.all([readStored(this.#place), foreignKey(this.#place)]);
    refuseForeignPrefix(this.#place, stored, foreign);
    return stored;
  }

  /** True of a run that was finished before. */
  get done(): boolean {
    return this.#done;
  }

  /** Makes the folder what the store says, and claims the run. Call with its lock. */
  async restore({ fresh }: { readonly fresh: boolean }): Promise<void> {
    const place = this.#place;
    let stored = await this.#look();
    if (!fresh) await refusePlanned(place, stored);
    if (fresh && (stored.json !== null || stored.log.next > 0)) {
      await discardStored(place, stored, this.#entry('fresh'));
      stored = await readStored(place);
    }
    await this.#clearOther(stored);
    if (stored.done) {
      this.#done = true;
      await this.#fetchSmall(stored, (await readObject(place, 'commits.jsonl'))?.bytes.toString('utf8') ?? '');
      await this.#clean(stored.log.next - 1);
      return;
    }
    for (let tries = 0; !(await this.#put(this.#entry('claim'), stored.log.next)); tries++) {
      if (tries === CLAIMS) throw this.#overtaken();
      stored = await readStored(place);
    }
    this.#next = stored.log.next + 1;
    this.#version = stored.version;
    const lines = linesOf(stored);
    const files = filesOfRun(place, lines, stored);
    for (const { path, key } of files) this.#keys.set(path, key);
    const own = (await readIfThere(join(this.folder, ATTEMPTS)))?.split('\n') ?? [];
    const foreign = files.filter(({ attempt }) => attempt === undefined || !own.includes(attempt));
    for (const { path } of foreign) await rm(join(this.folder, path), { force: true });
    await this.#fetchSmall(stored, lines);
    await fetchFiles(place, this.folder, files);
    await appendFile(join(this.folder, ATTEMPTS), `${this.#attempt}\n`);
  }

  /** Puts the files of a commit, with those of others; they count with its line. */
  async upload(phase: string, files: readonly CommittedFile[]): Promise<void> {
    const { store, prefix } = this.#place;
    await atOnce(files, AT_ONCE, async ({ path }) => {
      await this.#enter();
      try {
        const file = join(this.folder, path);
        const key = isPlaced(phase) ? joinKey(prefix, path) : segmentKey(this.#place, this.#attempt, path);
        await store.put(key, { file, size: statSync(file).size });
        this.#keys.set(path, key);
      } finally {
        this.#putting--;
        this.#queued.shift()?.();
      }
    });
  }

  /** So many files at once and no more: each is held in memory while it is put. */
  async #enter(): Promise<void> {
    while (this.#putting >= UPLOADS) await new Promise<void>((next) => this.#queued.push(next));
    this.#putting++;
  }

  /** Makes commits true. One call at a time. Errors: InputError when another process has taken the run over. */
  async commit(lines: readonly string[]): Promise<void> {
    const entry = { ...this.#entry('commit', lines.length > 1 ? 2 : 1), line: lines.join('') };
    if (!(await this.#put(entry, this.#next))) throw this.#overtaken();
    this.#next++;
  }

  /** Deletes objects of files that a commit has replaced; nobody waits for it, and the end of the run does it again. */
  remove(paths: readonly string[]): void {
    for (const path of paths) {
      const key = this.#keys.get(path);
      this.#keys.delete(path);
      if (key !== undefined) this.#toDelete.push(key);
    }
    if (this.#toDelete.length > 0) this.#deleting ??= this.#deleteQueued();
  }

  /** What comes while a request is under way goes with the next one. */
  async #deleteQueued(): Promise<void> {
    while (this.#toDelete.length > 0) {
      const keys = this.#toDelete.splice(0);
      await deleteAll(this.#place.store, keys).catch(() => {
        // What stays costs room alone: it is deleted with all others when the run is finished, which tells why.
      });
    }
    this.#deleting = null;
  }

  /** Puts small files of the folder, those that are there. */
  async putFiles(names: readonly string[]): Promise<void> {
    const { store, prefix } = this.#place;
    const there = names.filter((name) => existsSync(join(this.folder, name)));
    await atOnce(there, AT_ONCE, async (name) => {
      await store.put(joinKey(prefix, name), await readFile(join(this.folder, name)));
    });
  }

  /** Puts run.json over the one that is known. Of a finished run all else is in its place first. */
  async putRunJson(text: string, done: boolean, live: readonly CommittedFile[]): Promise<void> {
    const rest = done ? await this.#end(live) : [];
    const when = this.#version === null ? 'absent' : { version: this.#version };
    const key = joinKey(this.#place.prefix, 'run.json');
    const result = await this.#place.store.put(key, Buffer.from(text), { when });
    if (!result.written) throw this.#overtaken();
    this.#version = result.version;
    if (!done) return;
    this.#done = true;
    await deleteAll(this.#place.store, rest);
  }

  /** Waits for what is under way; of a run that goes on later, tells what it took. */
  async close(): Promise<void> {
    await this.#deleting;
    if (!this.#done) await this.putFiles(['events.jsonl']);
  }

  /**
   * From here on nobody else may go on: what is put now has its final name. Resolves to the keys of what only the work
   * needed.
   */
  async #end(live: readonly CommittedFile[]): Promise<readonly string[]> {
    if (!(await this.#put(this.#entry('end'), this.#next))) throw this.#overtaken();
    this.#next++;
    const { store, prefix } = this.#place;
    const files = live.map((f) => f.path).filter((path) => this.#keys.get(path) !== joinKey(prefix, path));
    const [rest] = await Promise.all([
      this.#onlyOfWork(this.#next - 1),
      atOnce(files, AT_ONCE, async (path) => {
        const file = join(this.folder, path);
        await store.put(joinKey(prefix, path), { file, size: statSync(file).size });
      }),
      this.putFiles(['commits.jsonl', ...SIDE_FILES]),
    ]);
    return rest;
  }

  async #clean(last: number): Promise<void> {
    await deleteAll(this.#place.store, await this.#onlyOfWork(last));
  }

  /** Keys that only a run in work needs. The last entry of the log stays: numbers are never used again. */
  async #onlyOfWork(last: number): Promise<readonly string[]> {
    const { store } = this.#place;
    const folders = [segmentFolder(this.#place), logFolder(this.#place)];
    const lists = await atOnce(folders, folders.length, async (folder) => {
      const keys: string[] = [];
      for await (const object of store.list(folder)) if ('key' in object) keys.push(object.key);
      return keys;
    });
    return lists.flat().filter((key) => key !== logKey(this.#place, last));
  }

  #entry(what: LogEntry['what'], format: LogEntry['format'] = 1): LogEntry {
    return { format, what, attempt: this.#attempt, at: new Date().toISOString() };
  }

  async #put(entry: LogEntry, number: number): Promise<boolean> {
    const body = Buffer.from(JSON.stringify(entry));
    return (await this.#place.store.put(logKey(this.#place, number), body, { when: 'absent' })).written;
  }

  /** What is there of another run, or of a store that was emptied, is nothing to go on with. */
  async #clearOther({ json, log }: StoredRun): Promise<void> {
    const startedAt = (text: string | null): unknown =>
      text === null ? null : (JSON.parse(text) as { readonly startedAt?: unknown }).startedAt;
    const here = await readIfThere(join(this.folder, 'run.json'));
    const same = json !== null && log.next > 0 && startedAt(here) === startedAt(json);
    if (same) return;
    // Answers of generators are paid for.
    for (const name of await readdir(this.folder))
      if (name !== 'lock' && name !== 'answers') await rm(join(this.folder, name), { recursive: true });
  }

  async #fetchSmall({ json }: StoredRun, commits: string): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    // Of an empty prefix nothing has to be asked for.
    if (json !== null || commits !== '') await fetchSideFiles(this.#place, this.folder, SIDE_FILES);
    else for (const name of SIDE_FILES) await rm(join(this.folder, name), { force: true });
    await writeWhole(join(this.folder, 'commits.jsonl'), commits);
    if (json !== null) await writeWhole(join(this.folder, 'run.json'), json);
  }

  #overtaken(): InputError {
    return new InputError({
      problem: 'another process has taken over this run',
      expected: 'to be the last process that works on this run',
      got: 'a commit or a claim of another one, begun later',
      where: this.url,
      fix: 'Let that one go on: nothing is lost or done twice. Start one process for each output.',
    });
  }
}

/** Errors: ConfigError for an address that is no place for a run. */
export function refuseBucketItself(url: string): void {
  if (runPlace(url).prefix !== '') return;
  throw new ConfigError({
    expected: 's3://bucket/prefix',
    got: url,
    where: '--output',
    fix: 'Give the run a prefix of its own.',
  });
}

/** Errors: ConfigError for a run that was planned for many nodes, which has no log of this kind. */
async function refusePlanned({ store, prefix }: RunPlace, { json, done, log }: StoredRun): Promise<void> {
  if (json === null || done || log.entries.length > 0) return;
  if ((await store.stat(joinKey(prefix, NODES_FILE))) !== null) throw plannedForMany(`${store.url}/${prefix}`, null);
}

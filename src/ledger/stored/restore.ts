import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atOnce } from '../../files/stores/at-once.ts';
import { cacheFolder, markCache } from '../../files/stores/cache.ts';
import { fetchFile } from '../../files/stores/fetch-file.ts';
import { bucketPlace } from '../../files/stores/open-store.ts';
import { bytesOf } from '../../files/stores/store.ts';
import { joinKey } from '../../files/stores/url.ts';
import { writeWhole } from '../../files/whole.ts';
import { xxh64Hex } from '../../hash.ts';
import type { Commit } from '../../streams/commits/log.ts';
import { type RunPlace, readLog, type StoredLog, segmentKey } from './log.ts';

/** Small files of a run beside run.json and its commits. */
export const SIDE_FILES: readonly string[] = [
  'plan.jsonl',
  'input.xxh64',
  'events.jsonl',
  'README.md',
  'card.json',
  'card.md',
  'card.html',
];
/** Files that are fetched at once. */
const AT_ONCE = 8;

/** The place that the address of a run directory names. Errors: ConfigError. */
export function runPlace(url: string): RunPlace {
  const { store, key } = bucketPlace(url);
  return { store, prefix: key.replace(/\/+$/, '') };
}

/**
 * A folder of this machine for a run directory in a store. It may vanish at any time: all that counts is in the store.
 * @param use `work` for the process that runs it, `nodes` for one of many, `read` for those that look at it
 */
export async function localFolder(url: string, use: 'work' | 'read' | 'nodes'): Promise<string> {
  const { store, prefix } = runPlace(url);
  const cache = cacheFolder() ?? join(tmpdir(), `sluice-stores-${process.getuid?.() ?? 0}`);
  markCache(cache);
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL ?? '';
  const name = await xxh64Hex(`${endpoint} ${store.url}/${prefix}`);
  return join(cache, 'runs', `${name}-${use}`);
}

/** A run directory as its store has it. */
export interface StoredRun {
  /** Text of run.json; null where there is none yet. */
  readonly json: string | null;
  /** Version of that object. */
  readonly version: string | null;
  readonly done: boolean;
  /** Of a finished run empty. */
  readonly log: StoredLog;
}

/** What a store says of a run: its log first, which is deleted when the run ends. */
export async function readStored(place: RunPlace): Promise<StoredRun> {
  const log = await readLog(place);
  const found = await readObject(place, 'run.json');
  const json = found?.bytes.toString('utf8') ?? null;
  const done = json !== null && (JSON.parse(json) as { readonly status?: unknown }).status === 'done';
  return { json, version: found?.version ?? null, done, log };
}

/** A small object of a run, and its version; null where there is none. */
export async function readObject(place: RunPlace, name: string) {
  const key = joinKey(place.prefix, name);
  const found = await place.store.stat(key);
  if (found === null) return null;
  return { bytes: await bytesOf(place.store.get(key, { version: found.version })), version: found.version };
}

/** Lines of commits.jsonl of a run in work, newlines included. */
export const linesOf = ({ log }: StoredRun): string => log.entries.map((e) => e.line ?? '').join('');

/** A file of a run, and the object that holds it. */
export interface StoredFile {
  readonly path: string;
  readonly key: string;
  readonly bytes: number;
  /** Who committed it; of a finished run absent. */
  readonly attempt?: string;
}

/** Files that the commits of a run list and none has replaced since. @param commits text of commits.jsonl */
export function filesOfRun(place: RunPlace, commits: string, stored: StoredRun): StoredFile[] {
  const linesIn = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  const attempts = stored.log.entries.flatMap((e) => linesIn(e.line ?? '').map(() => e.attempt));
  const lines = linesIn(commits);
  const all = lines.map((line) => (JSON.parse(line) as { readonly commit: Commit }).commit);
  const replaced = new Set(all.flatMap((c) => c.replaces));
  return all.flatMap(({ phase, files }, i) =>
    files
      .filter((f) => !replaced.has(f.path))
      .map(({ path, bytes }) => ({
        path,
        bytes,
        attempt: attempts[i],
        key: stored.done || isPlaced(phase) ? joinKey(place.prefix, path) : segmentKey(place, attempts[i], path),
      })),
  );
}

/** Shards are put where they belong at once: whoever makes them makes the same bytes. */
export const isPlaced = (phase: string): boolean => phase.startsWith('shard/');

/** Fetches the files that are not there, or have another size. */
export async function fetchFiles(place: RunPlace, folder: string, files: readonly StoredFile[]): Promise<void> {
  await atOnce(files, AT_ONCE, ({ path, key, bytes }) => fetchFile(place.store, key, join(folder, path), bytes));
}

/** Fetches small files of a run; those that a run does not have are none here either. */
export async function fetchSideFiles(place: RunPlace, folder: string, names: readonly string[]): Promise<void> {
  await atOnce(names, AT_ONCE, async (name) => {
    const found = await readObject(place, name);
    if (found !== null) await writeWhole(join(folder, name), found.bytes);
    else if (existsSync(join(folder, name))) await rm(join(folder, name));
  });
}

/** Puts small files of a folder into the run directory of a store. */
export async function putSideFiles(url: string, folder: string, names: readonly string[]): Promise<void> {
  const { store, prefix } = runPlace(url);
  await atOnce(names, AT_ONCE, async (name) => {
    await store.put(joinKey(prefix, name), await readFile(join(folder, name)));
  });
}

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { loadXxhash } from '../../hash.ts';
import { isFull } from '../full-disk.ts';
import { ifThere, temporaryName } from '../whole.ts';
import type { Environment } from './s3/profiles.ts';

/** Blocks of objects on this disk, by the address and the version of the object. */
export interface BlockCache {
  readonly folder: string;
  /** null where it is not there, or damaged. */
  get(object: string, block: number): Promise<Uint8Array | null>;
  /** Keeps it if it can. */
  put(object: string, block: number, bytes: Uint8Array): Promise<void>;
}

/** Bytes that a cache may take unless SLUICE_CACHE_SIZE says otherwise. */
export const CACHE_BYTES = 10e9;
const MARK = 'sluice-cache.json';
const HASH_BYTES = 8;
/** Used once more, a block is young again; more often than this nobody writes that down. */
const TOUCH_MS = 3600_000;

/** Folder of the cache: SLUICE_CACHE, or where the system keeps caches; null where it is `off`. */
export function cacheFolder(env: Environment = process.env): string | null {
  const { SLUICE_CACHE: own, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = env;
  if (own === 'off') return null;
  if (own) return own;
  const home = env.HOME ?? homedir();
  if (process.platform === 'darwin') return join(home, 'Library', 'Caches', 'sluice');
  if (process.platform === 'win32') return join(local ?? join(home, 'AppData', 'Local'), 'sluice', 'cache');
  return join(xdg || join(home, '.cache'), 'sluice');
}

/** Bytes that the cache may take. */
export function cacheBytes(env: Environment = process.env): number {
  const found = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(env.SLUICE_CACHE_SIZE ?? '');
  if (!found) return CACHE_BYTES;
  return Number(found[1]) * 1000 ** ' KMGT'.indexOf(found[2].toUpperCase() || ' ');
}

/**
 * Makes sure that a folder is a cache of ours: new, empty, or with our mark. Errors: ConfigError for any other, because
 * old blocks are deleted there.
 */
export function markCache(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const mark = join(folder, MARK);
  if (existsSync(mark)) {
    const { format } = JSON.parse(readFileSync(mark, 'utf8')) as { readonly format?: unknown };
    if (format === 1) return;
  } else if (readdirSync(folder).every((name) => OWN_FOLDERS.includes(name))) {
    writeFileSync(mark, '{"format":1,"of":"sluice"}\n');
    return;
  }
  throw new ConfigError({
    expected: `an empty folder, or a cache of Sluice (with a ${MARK} of format 1)`,
    got: 'a folder with other files',
    where: folder,
    fix: 'Choose another one with --cache DIR, or --cache off.',
  });
}

const OWN_FOLDERS: readonly string[] = ['blocks', 'runs'];

/** Why objects of these sizes are not kept; null where they are, or there is no cache. */
export function tooLargeToCache(sizes: readonly number[], env: Environment = process.env): string | null {
  const total = sizes.reduce((n, size) => n + size, 0);
  if (total <= cacheBytes(env) || cacheFolder(env) === null) return null;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  return (
    `the input in stores (${gigabytes(total)}) is larger than the local cache (${gigabytes(cacheBytes(env))}): ` +
    'it is not kept there (SLUICE_CACHE_SIZE)'
  );
}

let shared: { readonly of: string; readonly cache: Promise<BlockCache | null> } | null = null;

/** The cache of this thread, as the environment says; opened once. */
export function sharedCache(env: Environment = process.env): Promise<BlockCache | null> {
  const of = `${cacheFolder(env)} ${cacheBytes(env)}`;
  if (shared?.of !== of) shared = { of, cache: openCache(cacheFolder(env), cacheBytes(env)) };
  return shared.cache;
}

/** Opens a cache; null for none. Errors: ConfigError, see `markCache`. */
export async function openCache(folder: string | null, bytes: number): Promise<BlockCache | null> {
  if (folder === null) return null;
  markCache(folder);
  const { h64, h64Raw } = await loadXxhash();
  const pathOf = (object: string, block: number): string => {
    const name = h64(object).toString(16).padStart(16, '0');
    return join(folder, 'blocks', name.slice(0, 2), `${name}-${block}`);
  };
  let full = false;
  let unswept = Number.POSITIVE_INFINITY;
  return {
    folder,
    async get(object, block) {
      const path = pathOf(object, block);
      const found = await ifThere(readFile(path));
      if (found === null || found.length < HASH_BYTES) return null;
      const content = found.subarray(HASH_BYTES);
      if (found.readBigUInt64LE(0) !== h64Raw(content)) return null;
      // Null where another process has swept it at this moment.
      const used = await ifThere(stat(path));
      const now = new Date();
      if (used !== null && now.getTime() - used.mtimeMs > TOUCH_MS) await ifThere(utimes(path, now, now));
      return content;
    },
    async put(object, block, content) {
      if (full) return;
      if (unswept > bytes / 20) {
        unswept = 0;
        await sweep(join(folder, 'blocks'), bytes);
      }
      const path = pathOf(object, block);
      const own = temporaryName(path);
      const hash = Buffer.alloc(HASH_BYTES);
      hash.writeBigUInt64LE(h64Raw(content));
      try {
        await mkdir(join(path, '..'), { recursive: true });
        await writeFile(own, Buffer.concat([hash, content]), { flag: 'wx' });
        await rename(own, path);
        unswept += content.length;
      } catch (error) {
        await rm(own, { force: true });
        // A cache that has no room is no reason to stop.
        if (!isFull(error)) throw error;
        full = true;
      }
    },
  };
}

const BLOCK = /^[0-9a-f]{16}-\d+(\.[0-9a-f]{12}\.tmp)?$/;

/** Deletes the blocks that were used longest ago until there is room for a tenth more. */
async function sweep(folder: string, most: number): Promise<void> {
  const blocks: { path: string; bytes: number; at: number }[] = [];
  const names = existsSync(folder) ? await readdir(folder) : [];
  for (const top of names.filter((n) => /^[0-9a-f]{2}$/.test(n)))
    for (const name of await readdir(join(folder, top))) {
      const path = join(folder, top, name);
      if (!BLOCK.test(name)) continue;
      // Null where another process has swept it.
      const found = await ifThere(stat(path));
      if (found !== null) blocks.push({ path, bytes: found.size, at: found.mtimeMs });
    }
  let total = blocks.reduce((n, b) => n + b.bytes, 0);
  blocks.sort((a, b) => a.at - b.at);
  for (const { path, bytes } of blocks) {
    if (total <= most * 0.9) return;
    await rm(path, { force: true });
    total -= bytes;
  }
}

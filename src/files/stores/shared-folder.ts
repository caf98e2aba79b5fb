import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ifThere, readIfThere, temporaryName } from '../whole.ts';
import { atOnce } from './at-once.ts';
import { deleteAll } from './delete-all.ts';
import { fetchFile, fetchPieces, type Piece } from './fetch-file.ts';
import { localStore } from './local-store.ts';
import { type ByteRange, bytesOf, type PutCondition, type PutResult, type Store } from './store.ts';
import { joinKey } from './url.ts';

/** A file of a shared folder, and its bytes. */
export interface SharedFile {
  readonly path: string;
  readonly bytes: number;
}

/** Objects that are asked for at once. */
const AT_ONCE = 16;

/**
 * Where processes that share no memory meet: a folder that all of them see, or a prefix of a bucket. Paths are relative
 * to it, with `/`. What is put is whole: a reader sees the old or the new, never a part.
 */
export interface SharedFolder {
  /** As it is shown: an absolute path, or an address. */
  readonly name: string;
  /** The folder on this machine: itself; of a prefix, one of this process, with what it writes and has fetched. */
  readonly path: string;
  /** The store and the prefix; null for a folder of a file system. */
  readonly stored: { readonly store: Store; readonly prefix: string } | null;
  /** Text of a small file; null where there is none. */
  read(path: string): Promise<string | null>;
  has(path: string): Promise<boolean>;
  /** Differs after every put; null where there is no such file. */
  version(path: string): Promise<string | null>;
  /** Puts a small file, always or on a condition; of several processes that put where there is none, one has it. */
  put(path: string, text: string, when?: PutCondition): Promise<PutResult>;
  /**
   * Puts what may be lost in a power cut, over what is there: on a disk without waiting for it. Nobody is told of a
   * version, and the folder must be there.
   */
  say(path: string, text: string): Promise<void>;
  /** Names in a folder, of files and of folders; none where there is no such folder. */
  names(folder: string): Promise<string[]>;
  /** Files are then at their paths below `path`; those that are there with so many bytes are not fetched again. */
  fetch(files: readonly SharedFile[]): Promise<void>;
  /** Bytes of a file. */
  bytes(path: string, range: ByteRange): Promise<Buffer>;
  /**
   * A file of this machine that has pieces of a file at their places, and holes between them; of a file system the file
   * itself. @param name of it below `path`, where one is made
   */
  part(path: string, pieces: readonly Piece[], name: string): Promise<string>;
  delete(paths: readonly string[]): Promise<void>;
}

/** A folder of a file system that all processes see. */
export function folderOnDisk(folder: string): SharedFolder {
  const path = resolve(folder);
  const store = localStore(path);
  return {
    name: path,
    path,
    stored: null,
    read: (name) => readIfThere(join(path, name)),
    has: async (name) => existsSync(join(path, name)),
    version: async (name) => (await store.stat(name))?.version ?? null,
    put: (name, text, when) => store.put(name, Buffer.from(text), { when }),
    async say(name, text) {
      const own = temporaryName(join(path, name));
      try {
        await writeFile(own, text, { flag: 'wx' });
        await rename(own, join(path, name));
      } catch (error) {
        await rm(own, { force: true });
        throw error;
      }
    },
    names: async (name) => (await ifThere(readdir(join(path, name)))) ?? [],
    fetch: async () => {},
    bytes: (name, range) => bytesOf(store.get(name, { range })),
    part: async (name) => join(path, name),
    delete: async (paths) => void (await atOnce(paths, AT_ONCE, (name) => store.delete(name))),
  };
}

/** A prefix of a bucket. @param path a folder of this process alone */
export function folderInStore(store: Store, prefix: string, path: string): SharedFolder {
  const key = (name: string): string => joinKey(prefix, name);
  return {
    name: `${store.url}/${prefix}`,
    path,
    stored: { store, prefix },
    async read(name) {
      const found = await store.stat(key(name));
      return found === null ? null : (await bytesOf(store.get(key(name)))).toString('utf8');
    },
    has: async (name) => (await store.stat(key(name))) !== null,
    version: async (name) => (await store.stat(key(name)))?.version ?? null,
    put: (name, text, when) => store.put(key(name), Buffer.from(text), { when }),
    say: async (name, text) => void (await store.put(key(name), Buffer.from(text))),
    async names(folder) {
      const below = key(`${folder}/`);
      const found: string[] = [];
      for await (const entry of store.list(below, { shallow: true }))
        found.push('folder' in entry ? entry.folder.slice(below.length, -1) : entry.key.slice(below.length));
      return found;
    },
    async fetch(files) {
      await mkdir(path, { recursive: true });
      await atOnce(files, AT_ONCE, (f) => fetchFile(store, key(f.path), join(path, f.path), f.bytes));
    },
    bytes: (name, range) => bytesOf(store.get(key(name), { range })),
    async part(name, pieces, own) {
      await fetchPieces(store, key(name), join(path, own), pieces);
      return join(path, own);
    },
    delete: (paths) => deleteAll(store, paths.map(key)),
  };
}

import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../errors.ts';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import { isFull } from './full-disk.ts';

export interface WriteOptions {
  /** One that aborts ends it, with its reason as the error. */
  readonly signal?: AbortSignal;
  /** Default: the disk. */
  readonly fileSystem?: FileSystem;
}

/**
 * A name beside a file that nobody can guess and no other process uses: `<path>.<12 hexadecimal digits>.tmp`. Open it
 * with `wx`.
 */
export const temporaryName = (path: string): string => `${path}.${randomBytes(6).toString('hex')}.tmp`;

/** Deletes what killed processes left of a file half written, by its temporary names. */
export async function removeTemporary(path: string): Promise<void> {
  const folder = dirname(path);
  const rest = (name: string): string => name.slice(basename(path).length);
  for (const name of await readdir(folder))
    if (name.startsWith(basename(path)) && /^\.[0-9a-f]{12}\.tmp$/.test(rest(name)))
      await rm(join(folder, name), { force: true });
}

/**
 * Writes a file so that a reader sees the old or the new one, never a part, also after a power cut; what could not be
 * finished is removed.
 * @param data all of it, or its parts in order
 * Errors: InputError that names the file when the disk is full.
 */
export async function writeWhole(
  path: string,
  data: string | Uint8Array | Iterable<string | Uint8Array>,
  { signal, fileSystem = nodeFileSystem }: WriteOptions = {},
): Promise<void> {
  const parts = typeof data === 'string' || data instanceof Uint8Array ? [data] : data;
  const temporary = temporaryName(path);
  try {
    const file = await fileSystem.open(temporary, 'wx');
    try {
      for (const part of parts) {
        signal?.throwIfAborted();
        await fileSystem.write(file, typeof part === 'string' ? Buffer.from(part) : part);
      }
      await fileSystem.fsync(file);
    } finally {
      await fileSystem.close(file);
    }
    signal?.throwIfAborted();
    await fileSystem.rename(temporary, path);
    await fileSystem.fsyncFolder(dirname(path));
  } catch (error) {
    await fileSystem.unlink(temporary).catch(unlessGone);
    if (!isFull(error)) throw error;
    throw new InputError({
      expected: 'disk space for a file',
      got: `a full disk (${error.code})`,
      where: path,
      fix: 'Free some space and run the same command again, or write to another disk.',
      cause: error,
    });
  }
}

/** What comes of work on a file or folder; null where it is not there. */
export const ifThere = <T>(work: Promise<T>): Promise<T | null> =>
  work.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });

/** Text of a file; null where there is none. */
export const readIfThere = (path: string): Promise<string | null> => ifThere(readFile(path, 'utf8'));

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/**
 * Flushes the names in a folder to disk, so that what was made, renamed or deleted in it stays so after a power cut.
 */
export const syncFolder = (path: string): Promise<void> => nodeFileSystem.fsyncFolder(path);

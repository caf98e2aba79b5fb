import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.ts';
import { isFull } from './full-disk.ts';

/** Room on the disk for what does not fit the memory. */
export interface Scratch {
  /**
   * A new empty file to write and read, by its handle. It has no name: its space is free again when it is closed or the
   * process ends, however that ends (Ctrl-C while the thread is busy, a kill).
   */
  open(): number;
  /**
   * Writes all of the bytes from a place of the file on. Errors: InputError that names the folder when the disk is
   * full.
   */
  write(handle: number, bytes: Uint8Array, from: number): void;
  close(handle: number): void;
  /** Closes all that are open. */
  clear(): void;
}

/** @param folder must be there; nothing is to be seen in it. */
export function scratchIn(folder: string): Scratch {
  /** Open files, with a path where the system does not remove what is open. */
  const files = new Map<number, string | null>();
  const close = (handle: number): void => {
    const path = files.get(handle);
    if (path === undefined) return;
    files.delete(handle);
    closeSync(handle);
    if (path !== null) rmSync(path, { force: true });
  };
  return {
    open() {
      const path = join(folder, `sluice-ngram-${randomUUID()}`);
      const handle = openSync(path, 'wx+', 0o600);
      files.set(handle, path);
      try {
        rmSync(path);
        files.set(handle, null);
      } catch {
        // It keeps its name until it is closed.
      }
      return handle;
    },
    write(handle, bytes, from) {
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at, bytes.length - at, from + at);
      } catch (error) {
        if (!isFull(error)) throw error;
        throw new InputError({
          expected: 'disk space for counts that do not fit in memory',
          got: `a full disk (${error.code})`,
          where: folder,
          fix: 'Raise --memory, free some space, or set TMPDIR to a folder on a larger disk.',
          cause: error,
        });
      }
    },
    close,
    clear() {
      for (const handle of files.keys()) close(handle);
    },
  };
}

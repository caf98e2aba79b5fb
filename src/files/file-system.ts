import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { InputError } from '../errors.ts';
import { isFull } from './full-disk.ts';

/** An open file; opaque to all but the file system that opened it. */
export type OpenFile = FileHandle;

/** Every call that the sinks make to the disk; one object, so that a test can trace each call and let it fail. */
export interface FileSystem {
  /** `w` creates or truncates; `wx` creates, and fails where something is there; `r` reads. */
  open(path: string, flags: 'w' | 'wx' | 'r'): Promise<OpenFile>;
  /** Writes all bytes at the end of what was written before. */
  write(file: OpenFile, bytes: Uint8Array): Promise<void>;
  /** Fills `into` from `position` on; returns the bytes read, fewer only at the end of the file. */
  read(file: OpenFile, into: Uint8Array, position: number): Promise<number>;
  size(file: OpenFile): Promise<number>;
  fsync(file: OpenFile): Promise<void>;
  close(file: OpenFile): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes names in a folder durable. */
  fsyncFolder(path: string): Promise<void>;
}

/** Node writes less than 2 GB at once. */
const MOST_BYTES = 1 << 30;

export const nodeFileSystem: FileSystem = {
  open: (path, flags) => open(path, flags),
  async write(file, bytes) {
    for (let at = 0; at < bytes.length; )
      at += (await file.write(bytes, at, Math.min(bytes.length - at, MOST_BYTES))).bytesWritten;
  },
  async read(file, into, position) {
    let at = 0;
    while (at < into.length) {
      const { bytesRead } = await file.read(into, at, into.length - at, position + at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return at;
  },
  size: async (file) => (await file.stat()).size,
  fsync: (file) => file.sync(),
  close: (file) => file.close(),
  rename: (from, to) => rename(from, to),
  unlink: (path) => unlink(path),
  async fsyncFolder(path) {
    // Windows has no such call: NTFS journals names itself.
    if (process.platform === 'win32') return;
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } catch (error) {
      // Some network file systems refuse it on folders; they make names durable by themselves, or cannot at all.
      if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    } finally {
      await folder.close();
    }
  },
};

/** An error of the disk as an InputError that says what to do. */
export function diskError(cause: unknown, what: string, path: string): InputError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const full = isFull(cause);
  return new InputError({
    expected: `to ${what}`,
    got: full ? `a full disk (${code})` : message,
    where: path,
    fix: full
      ? 'Free some space and run the same command again: it goes on after the last committed split.'
      : 'See that the folder exists and may be written, then run the same command again.',
    cause,
  });
}

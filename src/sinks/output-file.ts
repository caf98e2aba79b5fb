import { join } from 'node:path';
import { diskError, type FileSystem, nodeFileSystem, type OpenFile } from '../files/file-system.ts';
import { unpublished } from '../files/publish.ts';
import { loadXxhash } from '../hash.ts';
import type { DomainTokens } from '../streams/commits/log.ts';

/** A finished file of a sink, still under its temporary name until it is published. */
export interface SegmentFile {
  /** Final name, relative to the run directory. */
  readonly path: string;
  readonly rows: number;
  /** Bytes of the column `text`; 0 in files without one. */
  readonly textBytes: number;
  readonly bytes: number;
  /** xxHash64 (seed 0) over the file, 16 hexadecimal digits. */
  readonly xxh64: string;
  /** Of a file of token ids: what it holds of each domain. */
  readonly tokens?: DomainTokens;
}

/** Where a file goes. */
export interface OutputPlace {
  readonly runDirectory: string;
  /** Final name, relative to the run directory, with `/` and with its extension. */
  readonly path: string;
  /** Default: the disk. */
  readonly fileSystem?: FileSystem;
}

/** `<path>.tmp`, written from start to end while its bytes are counted and hashed. Errors: InputError. */
export interface OutputFile {
  readonly bytes: number;
  write(bytes: Uint8Array): Promise<void>;
  /** Makes it durable and closes it. */
  finish(): Promise<{ bytes: number; xxh64: string }>;
  /** Closes and deletes it; nothing is left. */
  abort(): Promise<void>;
}

export async function createOutputFile({
  runDirectory,
  path,
  fileSystem = nodeFileSystem,
}: OutputPlace): Promise<OutputFile> {
  const target = unpublished(join(runDirectory, path));
  const hash = (await loadXxhash()).create64();
  const attempt = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw diskError(error, what, target);
    }
  };
  let file: OpenFile | null = await attempt('create a file', () => fileSystem.open(target, 'w'));
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    async write(data) {
      const open = file!;
      await attempt(`write ${data.length} bytes after byte ${bytes}`, () => fileSystem.write(open, data));
      hash.update(data);
      bytes += data.length;
    },
    async finish() {
      const open = file!;
      await attempt('flush a file to disk', () => fileSystem.fsync(open));
      file = null;
      await attempt('close a file', () => fileSystem.close(open));
      return { bytes, xxh64: hash.digest().toString(16).padStart(16, '0') };
    },
    async abort() {
      const open = file;
      file = null;
      try {
        if (open) await attempt('close a file', () => fileSystem.close(open));
      } finally {
        await attempt('delete a file', () => fileSystem.unlink(target).catch(ignoreAbsent));
      }
    },
  };
}

function ignoreAbsent(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

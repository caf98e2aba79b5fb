import { join } from 'node:path';
import { diskError, nodeFileSystem } from '../../files/file-system.ts';

/** A file written from start to end. */
export interface ExportFile {
  readonly name: string;
  /** Bytes so far. */
  readonly bytes: number;
  write(bytes: Uint8Array): Promise<void>;
  /** Writes over what stands at a place already: a header that says how much follows. */
  patch(at: number, bytes: Uint8Array): Promise<void>;
  /** Makes it durable and closes it. */
  finish(): Promise<void>;
  /** Closes it as it is, if it is open. */
  close(): Promise<void>;
}

/** Creates a file that is not there yet. Errors: InputError of the disk. */
export async function createFile(folder: string, name: string): Promise<ExportFile> {
  const path = join(folder, name);
  const attempt = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw diskError(error, what, path);
    }
  };
  const file = await attempt('create a file', () => nodeFileSystem.open(path, 'wx'));
  let bytes = 0;
  let open = true;
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await attempt('close a file', () => nodeFileSystem.close(file));
  };
  return {
    name,
    close,
    get bytes() {
      return bytes;
    },
    async write(data) {
      await attempt(`write ${data.length} bytes after byte ${bytes}`, () => nodeFileSystem.write(file, data));
      bytes += data.length;
    },
    async patch(at, data) {
      await attempt(`write ${data.length} bytes at byte ${at}`, () => file.write(data, 0, data.length, at));
    },
    async finish() {
      try {
        await attempt('flush a file to disk', () => nodeFileSystem.fsync(file));
      } finally {
        await close();
      }
    },
  };
}

import { closeSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { InputError } from '../../errors.ts';
import { isUrl } from '../../files/stores/url.ts';
import type { FilePlace, FileWindow, WindowOptions } from './file-window.ts';

export type { FilePlace, FileWindow, WindowOptions } from './file-window.ts';

/** Measured: the calls of smaller reads cost a tenth of reading plain lines. */
const WINDOW_BYTES = 1024 * 1024;

/** A file up to this size is read whole when it is opened. */
const SMALL_BYTES = 64 * 1024;

/** The buffer of the window that was closed last. */
let spare: Uint8Array<ArrayBuffer> | null = null;

/** Opens a planned file, wherever it lies. */
export const openPlanned = (file: FilePlace, options: WindowOptions = {}): Promise<FileWindow> =>
  openWindow(file.absolutePath, file.size, { version: file.version, cached: !file.uncached, ...options });

/**
 * Opens a file for reading. @param size as planned: a file that grew since is read only so far, one that shrank is an
 * InputError.
 */
export async function openWindow(path: string, size: number, options: WindowOptions = {}): Promise<FileWindow> {
  const { onBytes, signal } = options;
  if (isUrl(path) && size > 0) return (await import('./remote-window.ts')).openRemoteWindow(path, size, options);
  if (size <= SMALL_BYTES) {
    signal?.throwIfAborted();
    const bytes = readSmall(path, size);
    onBytes?.(size);
    return windowOver(bytes);
  }
  const handle = await open(path).catch((cause: Error) => {
    throw new InputError({ expected: 'a file that can be opened', got: cause.message, where: path, cause });
  });
  let buffer = spare ?? new Uint8Array(0);
  spare = null;
  let start = 0;
  let end = 0;
  /** Bytes up to here were told to `onBytes`. */
  let told = -1;
  const fill = async (target: Uint8Array, position: number): Promise<void> => {
    signal?.throwIfAborted();
    await readFully(handle, target, position, path, size);
  };
  const tell = (from: number, to: number): void => {
    if (to > told) onBytes?.(to - (told < 0 ? from : Math.max(from, told)));
    told = Math.max(told, to);
  };
  const copy = async (position: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> => {
    const out = new Uint8Array(Math.max(0, Math.min(bytes, size - position)));
    await fill(out, position);
    return out;
  };
  return {
    size,
    async copy(position, bytes) {
      const out = await copy(position, bytes);
      tell(position, position + out.length);
      return out;
    },
    async peek(position, bytes) {
      if (position >= start && position + bytes <= end)
        return buffer.subarray(position - start, position - start + bytes);
      return copy(position, bytes);
    },
    async at(position, wanted = 1) {
      const need = Math.min(wanted, size - position);
      if (need <= 0) return new Uint8Array(0);
      if (position < start || position + need > end) {
        const bytes = Math.min(Math.max(need, WINDOW_BYTES), size - position);
        if (buffer.length < bytes) buffer = new Uint8Array(bytes);
        await fill(buffer.subarray(0, bytes), position);
        tell(position, position + bytes);
        start = position;
        end = position + bytes;
      }
      return buffer.subarray(position - start, end - start);
    },
    async close() {
      // Views of it are gone by now, as promised.
      if (buffer.length <= 2 * WINDOW_BYTES) spare = buffer;
      buffer = new Uint8Array(0);
      await handle.close();
    },
  };
}

/** The window of a file that is in memory. */
export function windowOver(bytes: Uint8Array<ArrayBuffer>): FileWindow {
  return {
    size: bytes.length,
    at: async (position) => bytes.subarray(position),
    peek: async (position, n) => bytes.subarray(position, position + n),
    copy: async (position, n) => bytes.slice(position, position + n),
    close: async () => {},
  };
}

/** Synchronous: waiting for three calls costs more than making them. */
function readSmall(path: string, size: number): Uint8Array<ArrayBuffer> {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch (cause) {
    throw new InputError({ expected: 'a file that can be opened', got: (cause as Error).message, where: path, cause });
  }
  try {
    const bytes = new Uint8Array(size);
    for (let done = 0; done < size; ) {
      const read = readSync(handle, bytes, done, size - done, done);
      if (read === 0) throw shrunk(path, size, done);
      done += read;
    }
    return bytes;
  } finally {
    closeSync(handle);
  }
}

const shrunk = (path: string, size: number, at: number): InputError =>
  new InputError({
    expected: `a file of ${size} bytes, as planned`,
    got: `its end at byte ${at}`,
    where: path,
    fix: 'The input changed while it was read: start again with --fresh.',
  });

async function readFully(
  handle: FileHandle,
  target: Uint8Array,
  position: number,
  path: string,
  size: number,
): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw shrunk(path, size, position + done);
    done += bytesRead;
  }
}

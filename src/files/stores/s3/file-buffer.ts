import type { FileHandle } from 'node:fs/promises';

const MB = 1024 * 1024;
/** Most bytes of one request. */
export const BUFFER_BYTES = 32 * MB;
/** Below it a buffer is made to measure: it costs little. */
const POOLED_FROM = MB;
/** Bytes of all buffers in use: who wants more waits. A part of more than that is alone. */
const MOST_IN_USE = 4 * BUFFER_BYTES;
/** Bytes of buffers that are kept for the next ones, for so long after the last was used. */
const MOST_KEPT = 2 * BUFFER_BYTES;
const IDLE_MS = 2000;

let free: Uint8Array[] = [];
let inUse = 0;
const waiting: (() => void)[] = [];
let idle: NodeJS.Timeout | undefined;

/** Bytes of buffers in use, and of those kept. */
export const bufferBytes = (): { readonly inUse: number; readonly kept: number } => ({
  inUse,
  kept: free.reduce((n, b) => n + b.length, 0),
});

/**
 * Part of a file in a buffer while something is done with it. Large buffers are used again: a new one for each object
 * makes the engine collect garbage all the time. They are outside of the memory budget of a run: at most 128 MB at a
 * moment, and nothing two seconds after the last. Errors: a file that has become shorter.
 */
export async function withPart<T>(
  file: FileHandle,
  from: number,
  to: number,
  work: (bytes: Uint8Array) => Promise<T>,
): Promise<T> {
  const size = to - from;
  const room = roomFor(size);
  while (inUse > 0 && inUse + room > MOST_IN_USE) await new Promise<void>((next) => waiting.push(next));
  inUse += room;
  try {
    const buffer = taken(room);
    const bytes = buffer.subarray(0, size);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(bytes, at, size - at, from + at);
      if (bytesRead === 0) throw new Error('a file that became shorter while it was put');
      at += bytesRead;
    }
    const result = await work(bytes);
    // Not after an error: a connection may still be sending it.
    keep(buffer);
    return result;
  } finally {
    inUse -= room;
    for (const next of waiting.splice(0)) next();
  }
}

/** The next power of two, so that files of all sizes share buffers. */
const roomFor = (size: number): number =>
  size < POOLED_FROM || size > BUFFER_BYTES ? size : 2 ** Math.ceil(Math.log2(size));

function taken(room: number): Uint8Array {
  const at = free.findIndex((b) => b.length === room);
  return at < 0 ? Buffer.allocUnsafeSlow(room) : free.splice(at, 1)[0];
}

function keep(buffer: Uint8Array): void {
  if (buffer.length < POOLED_FROM || buffer.length > BUFFER_BYTES) return;
  if (bufferBytes().kept + buffer.length <= MOST_KEPT) free.push(buffer);
  clearTimeout(idle);
  idle = setTimeout(() => {
    free = [];
  }, IDLE_MS).unref();
}

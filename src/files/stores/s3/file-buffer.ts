import type { FileHandle } from 'node:fs/promises';

/** Most bytes of one request. */
export const BUFFER_BYTES = 32 * 1024 * 1024;
/** Buffers that are kept for the next ones. */
const KEPT = 4;
const free: Uint8Array[] = [];

/**
 * Part of a file in a buffer while something is done with it, at most `BUFFER_BYTES`. Buffers are used again: a new one
 * for each object makes the engine collect garbage all the time. Errors: a file that has become shorter.
 */
export async function withPart<T>(
  file: FileHandle,
  from: number,
  to: number,
  work: (bytes: Uint8Array) => Promise<T>,
): Promise<T> {
  const size = to - from;
  const buffer = (size <= BUFFER_BYTES && free.pop()) || Buffer.allocUnsafeSlow(Math.max(size, BUFFER_BYTES));
  const bytes = buffer.subarray(0, size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(bytes, at, size - at, from + at);
    if (bytesRead === 0) throw new Error('a file that became shorter while it was put');
    at += bytesRead;
  }
  const result = await work(bytes);
  // Not after an error: a connection may still be sending it.
  if (buffer.length === BUFFER_BYTES && free.length < KEPT) free.push(buffer);
  return result;
}

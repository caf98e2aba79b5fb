import { open, rename, rm } from 'node:fs/promises';

/**
 * Writes a file that appears whole or not at all, also after a power cut; what could not be finished is removed.
 * @param data all of it, or its parts in order
 * @param signal one that aborts ends it, with its reason as the error
 */
export async function writeWhole(
  path: string,
  data: string | Uint8Array | Iterable<string> | readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<void> {
  const parts = typeof data === 'string' || data instanceof Uint8Array ? [data] : data;
  const file = await open(`${path}.tmp`, 'w');
  try {
    try {
      for (const part of parts) {
        signal?.throwIfAborted();
        await file.writeFile(part, { signal });
      }
      await file.sync();
    } finally {
      await file.close();
    }
    signal?.throwIfAborted();
    await rename(`${path}.tmp`, path);
  } catch (error) {
    await rm(`${path}.tmp`, { force: true });
    throw error;
  }
}

import { open, rename, rm } from 'node:fs/promises';

/**
 * Writes a file that appears whole or not at all, also after a power cut; what could not be finished is removed.
 * @param data all of it, or its parts in order
 */
export async function writeWhole(
  path: string,
  data: string | Uint8Array | Iterable<string> | readonly Uint8Array[],
): Promise<void> {
  const parts = typeof data === 'string' || data instanceof Uint8Array ? [data] : data;
  const file = await open(`${path}.tmp`, 'w');
  try {
    try {
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
  } catch (error) {
    await rm(`${path}.tmp`, { force: true });
    throw error;
  }
}

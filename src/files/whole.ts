import { open, rename, rm } from 'node:fs/promises';
import { InputError } from '../errors.ts';

/**
 * Writes a file that appears whole or not at all, also after a power cut; what could not be finished is removed.
 * @param data all of it, or its parts in order
 * @param signal one that aborts ends it, with its reason as the error
 * Errors: InputError that names the file when the disk is full.
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

/** Whether the operating system refused to write because there is no room, or none that this user may take. */
export function isFull(error: unknown): error is NodeJS.ErrnoException {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException | null)?.code ?? '');
}

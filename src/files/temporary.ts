import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Opens something in a new folder in the system's temporary folder (TMPDIR); where that fails, the folder is gone. */
export async function inNewFolder<T>(prefix: string, open: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), prefix));
  try {
    return await open(folder);
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
}

/** Removes a folder with all that is in it. */
export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

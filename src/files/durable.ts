import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nodeFileSystem } from './file-system.ts';

/**
 * Flushes the names in a folder to disk, so that what was made, renamed or deleted in it stays so after a power cut.
 */
export const syncFolder = (path: string): Promise<void> => nodeFileSystem.fsyncFolder(path);

/** Writes a whole file so that a reader sees the old or the new one, never a part, also after a power cut. */
export async function writeDurable(path: string, data: string): Promise<void> {
  const handle = await open(`${path}.tmp`, 'w');
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.tmp`, path);
  await syncFolder(dirname(path));
}

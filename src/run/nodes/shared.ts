import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { folderInStore, folderOnDisk, type SharedFolder } from '../../files/stores/shared-folder.ts';
import { isUrl } from '../../files/stores/url.ts';
import { readIfThere, writeWhole } from '../../files/whole.ts';
import { localFolder, runPlace } from '../../ledger/stored/restore.ts';
import { aliveHere, type ProcessMark, processMark } from './process-mark.ts';

/** Says in a folder of scratch whose it is. */
const MARK = 'process.json';

/** A run directory as a process of many opens it. */
export interface Opened {
  readonly shared: SharedFolder;
  /** Deletes what was fetched. */
  close(): Promise<void>;
}

/**
 * Opens a folder of a file system, or the run directory that an address names; for that one it makes a folder on this
 * machine, and deletes those of processes that have died here.
 */
export async function openShared(given: string): Promise<Opened> {
  if (!isUrl(given)) return { shared: folderOnDisk(given), close: async () => {} };
  const { store, prefix } = runPlace(given);
  const all = await localFolder(given, 'nodes');
  await sweep(all);
  const own = join(all, randomUUID());
  await mkdir(own, { recursive: true });
  await writeWhole(join(own, MARK), JSON.stringify(await processMark()));
  return { shared: folderInStore(store, prefix, own), close: () => rm(own, { recursive: true, force: true }) };
}

/** Opens it, works on it, and closes it again. */
export async function withShared<T>(given: string, work: (shared: SharedFolder) => Promise<T>): Promise<T> {
  const { shared, close } = await openShared(given);
  try {
    return await work(shared);
  } finally {
    await close();
  }
}

/** Folders of processes of other machines, which may see this disk too, stay. */
async function sweep(all: string): Promise<void> {
  await mkdir(all, { recursive: true });
  for (const name of await readdir(all)) {
    const text = await readIfThere(join(all, name, MARK));
    if (text === null) continue;
    if ((await aliveHere(JSON.parse(text) as ProcessMark)) === false)
      await rm(join(all, name), { recursive: true, force: true });
  }
}

import { dirname, join } from 'node:path';
import { diskError, type FileSystem, nodeFileSystem } from './file-system.ts';

/**
 * Name of a file of a run until it is published, and of what a barrier needs for a while. Unlike `temporaryName`,
 * anybody could guess it: it lies in a folder of the run, which the lock keeps for one process, and by it the next
 * start
 * finds what a kill left.
 */
export const unpublished = (path: string): string => `${path}.tmp`;

export interface PublishOptions {
  /** Default: the disk. */
  readonly fileSystem?: FileSystem;
  /** Folders besides those of the files whose names are made durable too. */
  readonly folders?: readonly string[];
}

/**
 * Gives finished files, which lie under their unpublished names, their final ones, and makes the names durable.
 * @param root folder that the paths are relative to
 * Errors: InputError.
 */
export async function publish(
  root: string,
  files: readonly { readonly path: string }[],
  { fileSystem = nodeFileSystem, folders = [] }: PublishOptions = {},
): Promise<void> {
  const targets = files.map(({ path }) => join(root, path));
  for (const target of targets) {
    await attempt('rename a finished file', target, () => fileSystem.rename(unpublished(target), target));
  }
  for (const folder of new Set([...targets.map((t) => dirname(t)), ...folders]))
    await attempt('make the names in a folder durable', folder, () => fileSystem.fsyncFolder(folder));
}

async function attempt(what: string, path: string, call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (error) {
    throw diskError(error, what, path);
  }
}

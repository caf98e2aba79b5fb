import { realpathSync, statSync } from 'node:fs';
import { basename, sep } from 'node:path';

/** Where a link leads that may be followed, or why it is not. */
export type LinkTarget = { readonly realPath: string; readonly folder: boolean } | { readonly reason: string };

const LEAVES = 'link that leaves the input: give what it leads to as an input of its own';

/**
 * Follows a link that stays in the root, or leads from a snapshot of the Hugging Face cache to its own blobs.
 * @param path of the link, its folder without links. @param realRoot the root without links
 */
export function followLink(path: string, realRoot: string): LinkTarget {
  let realPath: string;
  try {
    realPath = realpathSync(path);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return { reason: 'broken link' };
  }
  if (!isWithin(realPath, realRoot) && !isWithin(realPath, blobsOf(path))) return { reason: LEAVES };
  const target = statSync(realPath);
  if (target.isDirectory()) return { realPath, folder: true };
  return target.isFile() ? { realPath, folder: false } : { reason: 'not a file' };
}

const isWithin = (path: string, folder: string | null): boolean =>
  folder !== null && (path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep));

const isRepository = (folder: string): boolean => /^(datasets|models|spaces)--/.test(basename(folder));

/** `<repository>/blobs` of a file in `<repository>/snapshots/<revision>`; null for any other. */
function blobsOf(path: string): string | null {
  const at = path.lastIndexOf(`${sep}snapshots${sep}`);
  return at > 0 && isRepository(path.slice(0, at)) ? `${path.slice(0, at)}${sep}blobs` : null;
}

/** Why a folder of a repository in the Hugging Face cache is not read by itself; null for any other folder. */
export function folderOfCache(folder: string, name: string, siblings: readonly string[]): string | null {
  if (!isRepository(folder) || !siblings.includes('snapshots')) return null;
  if (name === 'blobs') return 'blobs of the Hugging Face cache: read by their names, in snapshots';
  return name === 'refs' ? 'names of revisions in the Hugging Face cache' : null;
}

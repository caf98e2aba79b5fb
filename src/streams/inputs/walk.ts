import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { InputError } from '../../errors.ts';
import { folderOfCache, followLink } from './links.ts';

/** How long the thread may be blocked by file system calls before others get a turn. */
const SLICE_MS = 25;

/** Lets timers and I/O run when `started` is longer ago than a slice; returns the time to measure from next. */
export async function breathe(started: number): Promise<number> {
  if (performance.now() - started < SLICE_MS) return started;
  await new Promise<void>((r) => setImmediate(r));
  return performance.now();
}

/** A file that was found, with and without links. */
export interface Candidate {
  readonly path: string;
  readonly absolutePath: string;
  readonly realPath: string;
  readonly root: string;
  readonly named: boolean;
  readonly explicit: boolean;
  /** By a link, its own or that of a folder above it. */
  readonly link: boolean;
}

/** Files that were passed over, and why. */
export type Skipped = { path: string; reason: string }[];

/** What a walk looks for. */
export interface Wanted {
  readonly matches: (path: string) => boolean;
  /** Path segments of a match at most. */
  readonly depth: number;
  readonly glob: boolean;
  readonly explicit: boolean;
  /** The glob, as written. */
  readonly pattern?: string;
}

/** So often a folder is read by links that lead to it. */
const MOST_LINKS = 8;

/** Files below a folder that match, by the bytes of their relative path. Links are followed as `followLink` says. */
export async function walk(
  root: string,
  { matches, depth, glob, explicit, pattern = '' }: Wanted,
  pass: (realPath: string) => string | null,
  skipped: Skipped,
): Promise<Candidate[]> {
  const absoluteRoot = resolve(root);
  const realRoot = realpathSync(absoluteRoot);
  const found: Candidate[] = [];
  const linked = new Map<string, number>();
  let started = performance.now();
  /** @param above the folder and all that it is in, up to the root, without links. @param byLink reached by a link */
  const visit = async (folder: string, above: readonly string[], byLink: boolean): Promise<void> => {
    started = await breathe(started);
    const here = above[above.length - 1];
    const entries = readFolder(here, join(absoluteRoot, folder));
    const names = entries.map((e) => e.name);
    const enter = async (path: string, realPath: string, link: boolean): Promise<void> => {
      if (above.length >= depth) {
        if (glob && matches(path)) skipped.push({ path, reason: pass(realPath) ?? matchedFolder(pattern) });
        return;
      }
      const reason = pass(realPath) ?? (link ? null : folderOfCache(here, basename(path), names));
      if (reason !== null) skipped.push({ path, reason });
      else await visit(path, [...above, realPath], link);
    };
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      // In a glob the pattern itself says whether a dot is wanted.
      if (!glob && entry.name.startsWith('.')) continue;
      const ownPath = join(here, entry.name);
      if (entry.isDirectory()) {
        await enter(path, ownPath, byLink);
        continue;
      }
      const wanted = matches(path);
      if (!wanted && !(entry.isSymbolicLink() && above.length < depth)) continue;
      // Names come as text; one that is not UTF-8 does not lead back to its file.
      if (path.includes('\ufffd') && !existsSync(ownPath)) {
        skipped.push({ path, reason: 'its name is not UTF-8' });
        continue;
      }
      let realPath = ownPath;
      let link = byLink;
      if (entry.isSymbolicLink()) {
        const target = followLink(ownPath, realRoot);
        link = true;
        if ('reason' in target) {
          if (wanted || isFolder(ownPath)) skipped.push({ path, reason: target.reason });
          continue;
        }
        realPath = target.realPath;
        if (target.folder) {
          const times = linked.get(realPath) ?? 0;
          linked.set(realPath, times + 1);
          if (isIn(here, realPath)) skipped.push({ path, reason: 'link to a folder that it is in' });
          else if (times >= MOST_LINKS) skipped.push({ path, reason: 'link to a folder that many links lead to' });
          else await enter(path, realPath, true);
          continue;
        }
      } else if (!entry.isFile()) {
        skipped.push({ path, reason: 'not a file' });
        continue;
      }
      if (wanted)
        found.push({
          path,
          absolutePath: join(absoluteRoot, path),
          realPath,
          root: absoluteRoot,
          named: glob,
          explicit,
          link,
        });
    }
  };
  const isIn = (folder: string, above: string): boolean => folder === above || folder.startsWith(above + sep);
  await visit('', [realRoot], false);
  return sortByBytes(found);
}

const matchedFolder = (pattern: string): string =>
  `a folder, and the glob asks for files: write '${join(pattern, '**')}', or the folder itself`;

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** @param shown what the folder is called in an error */
function readFolder(path: string, shown: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    throw new InputError({ expected: 'a folder that can be read', got: (cause as Error).message, where: shown, cause });
  }
}

function sortByBytes(found: Candidate[]): Candidate[] {
  // UTF-16 order is byte order as long as all is ASCII.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is "ASCII"
  if (found.every((f) => /^[\x00-\x7f]*$/.test(f.path)))
    return found.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const keyed = found.map((file) => ({ file, bytes: Buffer.from(file.path) }));
  return keyed.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ file }) => file);
}

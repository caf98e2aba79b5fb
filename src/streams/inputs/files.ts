import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { ConfigError, InputError } from '../../errors.ts';
import { isGlob, parseGlob } from './glob.ts';
import type { Spooled } from './spool.ts';

/** A file that an input names, before anyone looked into it. */
export interface FoundFile {
  /** Relative to the input root, forward slashes; made unique over all inputs. */
  readonly path: string;
  readonly absolutePath: string;
  /** Named by the user itself (or by a glob), not found in a folder. */
  readonly named: boolean;
}

export interface FoundFiles {
  readonly files: readonly FoundFile[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  readonly warnings: readonly string[];
}

/** How long the thread may be blocked by file system calls before others get a turn. */
const SLICE_MS = 25;

/** Lets timers and I/O run when `started` is longer ago than a slice; returns the time to measure from next. */
export async function breathe(started: number): Promise<number> {
  if (performance.now() - started < SLICE_MS) return started;
  await new Promise<void>((r) => setImmediate(r));
  return performance.now();
}

/**
 * Files of globs, folders and paths in argument order, then by the bytes of the relative path; a file is listed once,
 * where it comes first. Folders: recursive, no hidden names, no links that leave the root, no linked folders (their
 * files are in the root anyway, or outside). Errors: ConfigError for an input that names nothing that exists.
 * @param spooled the copies of inputs that are pipes (`-`).
 */
export async function findFiles(
  inputs: readonly string[],
  spooled: ReadonlyMap<string, Spooled> = new Map(),
): Promise<FoundFiles> {
  const files: FoundFile[] = [];
  const skipped: { path: string; reason: string }[] = [];
  const warnings: string[] = [];
  const seen = new Set<string>();
  const names = new Map<string, number>();
  for (const input of inputs) {
    const copy = spooled.get(input);
    if (copy) {
      if (seen.has(`pipe ${input}`)) continue;
      seen.add(`pipe ${input}`);
      files.push({ path: uniqueName(copy.name, '/pipe', names, warnings), absolutePath: copy.path, named: true });
      continue;
    }
    for (const { path, absolutePath, realPath, root, named } of await expand(input, skipped)) {
      if (seen.has(realPath)) continue;
      seen.add(realPath);
      files.push({ path: uniqueName(path, root, names, warnings), absolutePath, named });
    }
  }
  return { files, skipped, warnings };
}

interface Candidate {
  readonly path: string;
  readonly absolutePath: string;
  readonly realPath: string;
  readonly root: string;
  readonly named: boolean;
}

async function expand(input: string, skipped: { path: string; reason: string }[]): Promise<Candidate[]> {
  if (existsSync(input)) {
    const found = statSync(input);
    if (found.isDirectory()) return walk(input, () => true, Number.POSITIVE_INFINITY, false, skipped);
    const absolutePath = resolve(input);
    if (!found.isFile() && absolutePath !== '/dev/null')
      throw new ConfigError({
        expected: 'a file, a folder, a pipe, or - for standard input',
        got: `${input}, a device`,
        where: '--input',
        fix: 'Copy what it holds to a file, and name that.',
      });
    return [
      {
        path: basename(absolutePath),
        absolutePath,
        realPath: realpathSync(absolutePath),
        root: dirname(absolutePath),
        named: true,
      },
    ];
  }
  if (!isGlob(input)) {
    throw new ConfigError({
      expected: 'an existing file or folder, a glob, or - for standard input',
      got: input,
      where: '--input',
      fix: `Looked for ${resolve(input)}.`,
    });
  }
  const { root, matches, depth } = parseGlob(input);
  if (!existsSync(root) || !statSync(root).isDirectory()) return [];
  return walk(root, matches, depth, true, skipped);
}

/** Files below a folder that match, by the bytes of their relative path. */
async function walk(
  root: string,
  matches: (path: string) => boolean,
  depth: number,
  glob: boolean,
  skipped: { path: string; reason: string }[],
): Promise<Candidate[]> {
  const absoluteRoot = resolve(root);
  const realRoot = realpathSync(absoluteRoot);
  const found: Candidate[] = [];
  let started = performance.now();
  const visit = async (folder: string, level: number): Promise<void> => {
    started = await breathe(started);
    let entries: ReturnType<typeof readFolder>;
    try {
      entries = readFolder(join(realRoot, folder));
    } catch (cause) {
      throw new InputError({
        expected: 'a folder that can be read',
        got: (cause as Error).message,
        where: join(absoluteRoot, folder),
        cause,
      });
    }
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      // In a glob the pattern itself says whether a dot is wanted.
      if (!glob && entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) {
        if (level < depth) await visit(path, level + 1);
        continue;
      }
      if (!matches(path)) continue;
      // Names come as text; one that is not UTF-8 does not lead back to its file.
      if (path.includes('\ufffd') && !existsSync(join(realRoot, path))) {
        skipped.push({ path, reason: 'its name is not UTF-8' });
        continue;
      }
      const absolutePath = join(absoluteRoot, path);
      let realPath = join(realRoot, path);
      if (entry.isSymbolicLink()) {
        const target = resolveLink(realPath, realRoot);
        if ('reason' in target) {
          if (target.reason !== null) skipped.push({ path, reason: target.reason });
          continue;
        }
        realPath = target.realPath;
      } else if (!entry.isFile()) {
        skipped.push({ path, reason: 'not a file' });
        continue;
      }
      found.push({ path, absolutePath, realPath, root: absoluteRoot, named: glob });
    }
  };
  await visit('', 1);
  return sortByBytes(found);
}

const readFolder = (path: string) => readdirSync(path, { withFileTypes: true });

function resolveLink(path: string, realRoot: string): { realPath: string } | { reason: string | null } {
  let realPath: string;
  try {
    realPath = realpathSync(path);
  } catch {
    return { reason: 'broken link' };
  }
  const outside = relative(realRoot, realPath);
  if (outside === '../..' || outside.startsWith(`..${sep}`)) return { reason: 'link that points outside the input' };
  const target = statSync(realPath);
  if (target.isFile()) return { realPath };
  return { reason: target.isDirectory() ? null : 'not a file' };
}

function sortByBytes(found: Candidate[]): Candidate[] {
  // UTF-16 order is byte order as long as all is ASCII.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is "ASCII"
  if (found.every((f) => /^[\x00-\x7f]*$/.test(f.path)))
    return found.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const keyed = found.map((file) => ({ file, bytes: Buffer.from(file.path) }));
  return keyed.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ file }) => file);
}

/** Two roots may hold the same relative path; a position must name one file only. */
function uniqueName(path: string, root: string, names: Map<string, number>, warnings: string[]): string {
  let name = path;
  if (names.has(name)) name = `${basename(root)}/${path}`;
  while (names.has(name)) {
    const next = (names.get(`${basename(root)}/${path}`) ?? 1) + 1;
    names.set(`${basename(root)}/${path}`, next);
    name = `${basename(root)}~${next}/${path}`;
  }
  if (name !== path) warnings.push(`${path} is in more than one input; the one in ${root} is named ${name}`);
  names.set(name, 1);
  return name;
}

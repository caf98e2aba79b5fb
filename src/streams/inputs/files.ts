import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { ConfigError, InputError } from '../../errors.ts';
import { isGlob, parseGlob } from './glob.ts';
import { folderOfCache, followLink } from './links.ts';
import { documentsOfRun, madeFolder } from './made-by-sluice.ts';
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
 * where it comes first, and by a link only where it is not found without one. Folders: recursive, no hidden names, no
 * links that leave the root. Errors: ConfigError for an input that names nothing that exists.
 * What Sluice has made is read only when it is asked for: a run directory that is an input stands for the documents
 * that it kept, one below an input is skipped unless the glob names a folder of it, and so is a model; files at or
 * below `output` are never read.
 * @param spooled the copies of inputs that are pipes (`-`).
 * @param output where the caller writes to
 */
export async function findFiles(
  inputs: readonly string[],
  { spooled = new Map(), output }: { readonly spooled?: ReadonlyMap<string, Spooled>; readonly output?: string } = {},
): Promise<FoundFiles> {
  const files: FoundFile[] = [];
  const skipped: { path: string; reason: string }[] = [];
  const own = output !== undefined && existsSync(output) ? realpathSync(output) : null;
  const isOwn = (realPath: string): boolean => own !== null && (realPath === own || realPath.startsWith(own + sep));
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
    const candidates = await expand(input, isOwn, skipped, warnings);
    const direct = new Set(candidates.filter((c) => !c.link).map((c) => c.realPath));
    for (const { path, absolutePath, realPath, root, named, link } of candidates) {
      if (seen.has(realPath) || (link && direct.has(realPath))) {
        if (link) skipped.push({ path, reason: 'link to a file that is read already' });
        continue;
      }
      seen.add(realPath);
      if (isOwn(realPath)) {
        skipped.push({ path, reason: OWN_OUTPUT });
        continue;
      }
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
  /** By a link, its own or that of a folder above it. */
  readonly link: boolean;
}

const OWN_OUTPUT = 'it is what this very command writes';

type Skipped = { path: string; reason: string }[];

async function expand(
  input: string,
  isOwn: (realPath: string) => boolean,
  skipped: Skipped,
  warnings: string[],
): Promise<Candidate[]> {
  if (existsSync(input)) {
    const found = statSync(input);
    if (found.isDirectory()) {
      if (madeFolder(resolve(input))?.kind === 'run' && !isOwn(realpathSync(input)))
        return documentsIn(input, warnings);
      const pass = (p: string): string | null => passedOver(p, isOwn);
      return walk(input, () => true, Number.POSITIVE_INFINITY, false, pass, skipped);
    }
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
        link: false,
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
  const asksForParts = TABLES.test(input.slice(root.length));
  const pass = (p: string): string | null => (asksForParts && !isOwn(p) ? null : passedOver(p, isOwn));
  return walk(root, matches, depth, true, pass, skipped);
}

/** A folder of a run directory, named in a glob. */
const TABLES = /(^|\/)(documents|ledger|quarantine|sinks)(\/|$)/;

/** Why the files below a folder are not read; null where they are. @param folder real path */
function passedOver(folder: string, isOwn: (realPath: string) => boolean): string | null {
  if (isOwn(folder)) return OWN_OUTPUT;
  const made = madeFolder(folder);
  if (made === null) return null;
  return made.kind === 'run'
    ? 'a run directory of Sluice: give it as an input of its own to read the documents that it kept'
    : 'a model that Sluice has trained';
}

async function documentsIn(input: string, warnings: string[]): Promise<Candidate[]> {
  const root = resolve(input, 'documents');
  const paths = await documentsOfRun(resolve(input));
  warnings.push(`${input} is a run directory of Sluice: what is read are the documents that it kept (${root})`);
  return paths.map((path) => {
    const absolutePath = resolve(input, path);
    return {
      path: relative(root, absolutePath),
      absolutePath,
      realPath: realpathSync(absolutePath),
      root,
      named: false,
      link: false,
    };
  });
}

/** So often a folder is read by links that lead to it. */
const MOST_LINKS = 8;

/** Files below a folder that match, by the bytes of their relative path. Links are followed as `followLink` says. */
async function walk(
  root: string,
  matches: (path: string) => boolean,
  depth: number,
  glob: boolean,
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
      if (above.length >= depth) return;
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
        found.push({ path, absolutePath: join(absoluteRoot, path), realPath, root: absoluteRoot, named: glob, link });
    }
  };
  const isIn = (folder: string, above: string): boolean => folder === above || folder.startsWith(above + sep);
  await visit('', [realRoot], false);
  return sortByBytes(found);
}

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

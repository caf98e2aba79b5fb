import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { isUrl } from '../../files/stores/url.ts';
import { isGlob, parseGlob } from './glob.ts';
import { documentsOfRun, isRun, madeFolder } from './made-by-sluice.ts';
import { findObjects } from './objects.ts';
import { isSubstitution } from './pipe.ts';
import type { Spooled } from './spool.ts';
import { type Candidate, type Skipped, walk } from './walk.ts';

/** A file that an input names, before anyone looked into it. */
export interface FoundFile {
  /** Relative to the input root, forward slashes; made unique over all inputs. */
  readonly path: string;
  readonly absolutePath: string;
  /** Named by the user itself (or by a glob), not found in a folder. */
  readonly named: boolean;
  /** Asked for as it is: by its path, or by a glob that says how its name ends. */
  readonly explicit: boolean;
  /** Number of the input that it comes from. */
  readonly input: number;
  /** Of an object in a store, whose URL `absolutePath` is then. */
  readonly object?: { readonly size: number; readonly version: string | null };
}

export interface FoundFiles {
  readonly files: readonly FoundFile[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  readonly warnings: readonly string[];
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
  /** Number in `files`, or -1. */
  const seen = new Map<string, number>();
  const names = new Map<string, number>();
  for (const [number, input] of inputs.entries()) {
    const copy = spooled.get(input);
    if (copy) {
      if (seen.has(`pipe ${input}`)) continue;
      seen.set(`pipe ${input}`, -1);
      files.push({
        path: uniqueName(copy.name, '/pipe', names, warnings, input),
        absolutePath: copy.path,
        ...asked(number),
      });
      continue;
    }
    if (isUrl(input)) {
      for (const { path, url, root, named, explicit, size, version } of await findObjects(input, skipped)) {
        if (seen.has(url)) continue;
        seen.set(url, -1);
        const name = uniqueName(path, root, names, warnings);
        files.push({ path: name, absolutePath: url, named, explicit, input: number, object: { size, version } });
      }
      continue;
    }
    const candidates = await expand(input, isOwn, skipped, warnings);
    const direct = new Set(candidates.filter((c) => !c.link).map((c) => c.realPath));
    for (const { path, absolutePath, realPath, root, named, explicit, link } of candidates) {
      const before = seen.get(realPath);
      if (before !== undefined || (link && direct.has(realPath))) {
        const file = files[before ?? -1];
        // Asked for by two inputs, it is what the one that says more makes it.
        if (file && explicit) files[before!] = { ...file, named: file.named || named, explicit };
        else if (link) skipped.push({ path, reason: 'link to a file that is read already' });
        continue;
      }
      seen.set(realPath, isOwn(realPath) ? -1 : files.length);
      if (isOwn(realPath)) {
        skipped.push({ path, reason: OWN_OUTPUT });
        continue;
      }
      const name = uniqueName(path, root, names, warnings);
      files.push({ path: name, absolutePath, named, explicit, input: number });
    }
  }
  return { files, skipped, warnings };
}

const asked = (input: number) => ({ named: true, explicit: true, input });

/** Does a glob say how the names end that it asks for? */
const asksForNames = (glob: string): boolean => {
  const last = glob.slice(glob.lastIndexOf('/') + 1);
  return last.includes('.') && last !== '*.*';
};

const OWN_OUTPUT = 'it is what this very command writes';

async function expand(
  input: string,
  isOwn: (realPath: string) => boolean,
  skipped: Skipped,
  warnings: string[],
): Promise<Candidate[]> {
  if (existsSync(input)) {
    const found = statSync(input);
    if (found.isDirectory()) {
      if (isRun(madeFolder(resolve(input))) && !isOwn(realpathSync(input))) return documentsIn(input, warnings);
      const pass = (p: string): string | null => passedOver(p, isOwn);
      const all = { matches: () => true, depth: Number.POSITIVE_INFINITY, glob: false, explicit: false };
      return walk(input, all, pass, skipped);
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
        explicit: true,
        link: false,
      },
    ];
  }
  if (isSubstitution(input))
    throw new ConfigError({
      expected: 'the stream of a process substitution',
      got: `${input}, which is closed: it is there for one command only`,
      where: '--input',
      fix: 'Give the stream again: --input <(COMMAND).',
    });
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
  return walk(root, { matches, depth, glob: true, explicit: asksForNames(input), pattern: input }, pass, skipped);
}

/** A folder of a run directory, named in a glob. */
const TABLES = /(^|\/)(documents|ledger|quarantine|sinks)(\/|$)/;

/** Why the files below a folder are not read; null where they are. @param folder real path */
function passedOver(folder: string, isOwn: (realPath: string) => boolean): string | null {
  if (isOwn(folder)) return OWN_OUTPUT;
  const made = madeFolder(folder);
  if (made === null) return null;
  return isRun(made)
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
      explicit: true,
      link: false,
    };
  });
}

/** Two roots may hold the same relative path; a position must name one file only. */
function uniqueName(path: string, root: string, names: Map<string, number>, warnings: string[], shown = root): string {
  let name = path;
  if (names.has(name)) name = `${basename(root)}/${path}`;
  while (names.has(name)) {
    const next = (names.get(`${basename(root)}/${path}`) ?? 1) + 1;
    names.set(`${basename(root)}/${path}`, next);
    name = `${basename(root)}~${next}/${path}`;
  }
  if (name !== path) warnings.push(`${path} is in more than one input; the one in ${shown} is named ${name}`);
  names.set(name, 1);
  return name;
}

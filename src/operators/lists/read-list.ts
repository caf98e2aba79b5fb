import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { pathOf } from '../../files/assets/assets.ts';
import { asciiHost, plainUrl } from './plain-url.ts';

/** What lists of addresses say. */
export interface UrlLists {
  readonly domains: Set<string>;
  /** As `plainUrl` writes them. */
  readonly urls: Set<string>;
  /** The same as they are written. */
  readonly pages: Set<string>;
}

const FIX = 'Name a file, a folder of lists, or asset:NAME (see sluice assets).';

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigError({ expected: 'a list', got: (cause as Error).message, where: path, fix: FIX, cause });
  }
}

/** Files of lists: a file itself; of a folder, those named domains and urls in it and its folders (UT1). */
function filesOf(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return [path];
  const inside = readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((e) => e.isFile() && (e.name === 'domains' || e.name === 'urls'))
    .map((e) => join(e.parentPath, e.name))
    .sort();
  if (inside.length > 0) return inside;
  throw new ConfigError({ expected: 'a folder with files named domains or urls', got: 'none', where: path, fix: FIX });
}

const HOSTS = /^(?:0\.0\.0\.0|127\.0\.0\.1|::1?|255\.255\.255\.255)\s+(\S+)/;
const ADBLOCK = /^\|\|([A-Za-z0-9.\-*]+)\^(?:\$(?:all|document|doc|third-party|3p|important|popup)(?:,\w+)*)?$/;
const LOCAL = new Set(['localhost', 'localhost.localdomain', 'local', 'broadcasthost', '0.0.0.0', 'ip6-localhost']);

/** Lines of a list, trimmed. Errors: ConfigError for what is no text in UTF-8. */
function linesOf(path: string): string[] {
  const bytes = read(path);
  if (bytes.includes(0) || (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    throw new ConfigError({
      expected: 'a list as text in UTF-8',
      got: bytes[0] >= 0xfe ? 'UTF-16' : 'binary data',
      where: path,
      fix: `Convert it, as iconv -f UTF-16 -t UTF-8 does, or unpack it. ${FIX}`,
    });
  const text = bytes.toString('utf8');
  return (text[0] === '\ufeff' ? text.slice(1) : text).split('\n').map((line) => line.trim());
}

/**
 * Reads lists of domains and addresses: one a line, `*.name` as name; hosts files (`0.0.0.0 name`); domain rules of ad
 * blockers (`||name^`; exceptions and rules on parts of pages are left out); folders in the layout of UT1
 * (`adult/domains`, `adult/urls`). `#` and `!` begin comments. Errors: ConfigError for a list that is not there or is
 * no text.
 */
export function readUrlLists(paths: readonly string[]): UrlLists {
  const lists: UrlLists = { domains: new Set(), urls: new Set(), pages: new Set() };
  for (const path of paths.map((p) => pathOf(p)).flatMap(filesOf))
    for (const line of linesOf(path)) addLine(line, lists);
  return lists;
}

const isComment = (line: string): boolean => line === '' || line[0] === '#' || line[0] === '!' || line[0] === '[';
const HOST = /^[\p{L}\p{M}\p{N}_.-]+$/u;

/** Enters a line; false: it is neither a domain nor a page. */
function addLine(line: string, lists: UrlLists): boolean {
  if (isComment(line) || line.startsWith('@@')) return false;
  const host = HOSTS.exec(line)?.[1] ?? ADBLOCK.exec(line)?.[1];
  if (host !== undefined) return !LOCAL.has(host) && addDomain(host.replace(/^www\./i, ''), lists);
  const comment = line.search(/\s#/);
  const entry = comment < 0 ? line : line.slice(0, comment).trimEnd();
  if (/[\s|^$~]/.test(entry) || entry.startsWith('/')) return false;
  const bare = entry.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  if (!bare.includes('/')) return addDomain(bare.replace(/:\d+$/, ''), lists);
  lists.pages.add(entry);
  lists.urls.add(plainUrl(entry));
  return true;
}

/** Enters a domain, as it is written and in Punycode. */
function addDomain(name: string, { domains }: UrlLists): boolean {
  const host = name.replace(/^\*\./, '').toLowerCase();
  if (!HOST.test(host)) return false;
  domains.add(host).add(asciiHost(host));
  return true;
}

/** Lines of plain lists, trimmed, without empty ones and comments. */
export function readLines(paths: readonly string[]): string[] {
  return paths.flatMap((path) => linesOf(pathOf(path)).filter((line) => line !== '' && line[0] !== '#'));
}

/** So many lines of a list are looked at to see whether it is one. */
const LOOKED_AT = 10_000;

/**
 * Looks whether lists have entries, in their first 10 000 lines and as far as the first entry. Errors: ConfigError for
 * one without. Warns of one of which more than half of the lines, without comments, are left out.
 * @param isEntry of plain lists; domains and pages are told by themselves
 */
export function checkLists(paths: readonly string[], isEntry?: (line: string) => boolean): void {
  for (const path of paths) {
    const lists: UrlLists = { domains: new Set(), urls: new Set(), pages: new Set() };
    const [all, lines, entries] = countLines(pathOf(path), isEntry ?? ((line) => addLine(line, lists)), !isEntry);
    if (entries === 0)
      throw new ConfigError({
        problem: `the list ${path} has no entries: 0 of ${all} lines are ${isEntry ? 'words' : 'domains or pages'}`,
        expected: `a list with ${isEntry ? 'words' : 'domains or pages'}`,
        got: `0 of ${all} lines of ${path} are entries`,
        where: path,
        fix: FIX,
      });
    if (lines > 2 * entries)
      process.emitWarning(
        `${path}: ${lines - entries} of ${lines} lines that are no comments were not understood and are left out.`,
      );
  }
}

/** Lines that are not empty, those of them that are no comments, and entries. */
function countLines(path: string, isEntry: (line: string) => boolean, folders: boolean): [number, number, number] {
  const counts: [number, number, number] = [0, 0, 0];
  for (const file of folders ? filesOf(path) : [path])
    for (const line of linesOf(file)) {
      if (counts[0] >= LOOKED_AT && counts[2] > 0) return counts;
      if (line === '') continue;
      counts[0]++;
      if (folders ? isComment(line) : line[0] === '#') continue;
      counts[1]++;
      if (isEntry(line)) counts[2]++;
    }
  return counts;
}

/** A hash of everything in some lists, for the recipe. */
export function listsHash(...lists: readonly (readonly string[])[]): string {
  const hash = createHash('sha256');
  for (const paths of lists) {
    hash.update(`${paths.length}\n`);
    for (const path of paths.map((p) => pathOf(p)).flatMap(filesOf))
      hash.update(createHash('sha256').update(read(path)).digest());
  }
  return hash.digest('hex');
}

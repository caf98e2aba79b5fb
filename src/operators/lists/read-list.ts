import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { pathOf } from '../../files/assets/assets.ts';
import { safeText } from '../../safe-text.ts';
import { entriesOf, isComment, type ListEntry } from './list-lines.ts';
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
 * Reads lists of domains and addresses, in the formats of `entriesOf`, and folders in the layout of UT1
 * (`adult/domains`, `adult/urls`). Errors: ConfigError for a list that is not there or is no text.
 */
export function readUrlLists(paths: readonly string[]): UrlLists {
  const lists: UrlLists = { domains: new Set(), urls: new Set(), pages: new Set() };
  for (const path of paths.map((p) => pathOf(p)).flatMap(filesOf))
    for (const line of linesOf(path)) for (const entry of entriesOf(line)) addEntry(entry, lists);
  return lists;
}

function addEntry({ host, page }: ListEntry, { domains, urls, pages }: UrlLists): void {
  if (host !== undefined) domains.add(host).add(asciiHost(host));
  if (page === undefined) return;
  pages.add(page);
  urls.add(plainUrl(page));
}

/** Lines of plain lists, trimmed, without empty ones and comments. */
export function readLines(paths: readonly string[]): string[] {
  return paths.flatMap((path) => linesOf(pathOf(path)).filter((line) => line !== '' && line[0] !== '#'));
}

/** So many lines of a list are counted before a run; a longer list is read as a whole all the same. */
const LOOKED_AT = 1_000_000;
/** What was said of a list stays said: recipes are described more than once. */
const told = new Set<string>();

/**
 * Looks whether lists have entries, and says of a list of domains and pages of which lines are left out, or that has
 * whole top-level domains, how many and which. Errors: ConfigError for a list without entries. Warns of a plain list of
 * which more than half of the lines, without comments, are left out.
 * @param isEntry of plain lists; domains and pages are told by themselves
 */
export function checkLists(paths: readonly string[], isEntry?: (line: string) => boolean): void {
  for (const path of paths) {
    const seen = countLines(pathOf(path), isEntry);
    const wanted = isEntry ? 'words' : 'domains or pages';
    if (seen.entries === 0)
      throw new ConfigError({
        problem: `the list ${path} has no entries: 0 of ${seen.all} lines are ${wanted}`,
        expected: `a list with ${wanted}`,
        got: `0 of ${seen.all} lines of ${path} are entries`,
        where: path,
        fix: FIX,
      });
    // Words are anything: only a list that is mostly none of them is told. A list that is read whole needs no word.
    if (isEntry ? seen.leftOut <= seen.lines - seen.leftOut : seen.leftOut === 0 && seen.tops.length === 0) continue;
    const text = `${path}: ${summaryOf(seen)}`;
    if (!told.has(text)) process.emitWarning(text, 'Sluice');
    told.add(text);
  }
}

function summaryOf({ entries, leftOut, first, tops, cut }: ListCounts): string {
  const many = (n: number, one: string, more: string): string => `${n} ${n === 1 ? one : more}`;
  const why = first === '' ? '' : ` (the first: ${safeText(JSON.stringify(first.slice(0, 60)))})`;
  return [
    `${many(entries, 'entry', 'entries')}, ${many(leftOut, 'line', 'lines')} left out${why}`,
    ...(tops.length > 0 ? [`a top-level domain as a whole is listed: ${safeText(tops.join(', '))}`] : []),
    ...(cut ? [`counted in the first ${LOOKED_AT} lines`] : []),
  ].join('; ');
}

interface ListCounts {
  /** Lines that are not empty, and those of them that are no comments. */
  all: number;
  lines: number;
  entries: number;
  /** Lines that are neither comments nor entries, and the first of them. */
  leftOut: number;
  first: string;
  /** The first entries without a dot. */
  readonly tops: string[];
  /** True: there are more lines than were counted. */
  cut: boolean;
}

function countLines(path: string, isEntry?: (line: string) => boolean): ListCounts {
  const counts: ListCounts = { all: 0, lines: 0, entries: 0, leftOut: 0, first: '', tops: [], cut: false };
  for (const file of isEntry ? [path] : filesOf(path))
    for (const line of linesOf(file)) {
      if (counts.all >= LOOKED_AT && counts.entries > 0) return { ...counts, cut: true };
      if (line === '') continue;
      counts.all++;
      if (isEntry ? line[0] === '#' : isComment(line)) continue;
      counts.lines++;
      const entries = isEntry ? [] : entriesOf(line);
      const found = isEntry ? Number(isEntry(line)) : entries.length;
      counts.entries += found;
      if (found === 0 && counts.leftOut++ === 0) counts.first = line;
      for (const { host } of entries) if (host && !host.includes('.') && counts.tops.length < 3) counts.tops.push(host);
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

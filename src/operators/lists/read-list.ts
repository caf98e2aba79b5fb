import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { pathOf } from '../../files/assets/assets.ts';

/** What lists of addresses say. */
export interface UrlLists {
  readonly domains: Set<string>;
  readonly urls: Set<string>;
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

/**
 * Reads lists of domains and addresses: one a line; hosts files (`0.0.0.0 name`); domain rules of ad blockers
 * (`||name^`; exceptions and rules on parts of pages are left out); folders in the layout of UT1 (`adult/domains`,
 * `adult/urls`). `#` and `!` begin comments. Errors: ConfigError for a list that is not there.
 */
export function readUrlLists(paths: readonly string[]): UrlLists {
  const lists: UrlLists = { domains: new Set(), urls: new Set() };
  for (const path of paths.map((p) => pathOf(p)).flatMap(filesOf))
    for (const line of read(path).toString('utf8').split('\n')) addLine(line.trim(), lists);
  return lists;
}

function addLine(line: string, { domains, urls }: UrlLists): void {
  if (line === '' || line[0] === '#' || line[0] === '!' || line[0] === '[' || line.startsWith('@@')) return;
  const host = HOSTS.exec(line)?.[1] ?? ADBLOCK.exec(line)?.[1];
  if (host !== undefined) {
    if (!LOCAL.has(host) && !host.includes('*')) domains.add(host.toLowerCase().replace(/^www\./, ''));
    return;
  }
  const entry = line.split(/\s+#/)[0];
  if (/[\s|^$~]/.test(entry) || entry.startsWith('/')) return;
  const bare = entry.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  if (bare.includes('/')) urls.add(bare.replace(/\/$/, ''));
  else domains.add(bare.toLowerCase());
}

/** Lines of plain lists, trimmed, without empty ones and comments. */
export function readLines(paths: readonly string[]): string[] {
  return paths.flatMap((path) =>
    read(pathOf(path))
      .toString('utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && line[0] !== '#'),
  );
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

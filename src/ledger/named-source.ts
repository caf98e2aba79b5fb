import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import { isUrl } from '../files/stores/url.ts';
import { openRunFolder, type RunFolder } from './run-folder.ts';

/** What a name in a query stands for. */
export type NamedSource =
  | { readonly name: string; readonly run: RunFolder }
  | { readonly name: string; readonly file: string; readonly reader: string };

/** Functions of DuckDB by what a file's name ends in; packed files by the name before. */
const READERS: Readonly<Record<string, string>> = {
  csv: 'read_csv',
  tsv: 'read_csv',
  parquet: 'read_parquet',
  json: 'read_json',
  jsonl: 'read_json',
  ndjson: 'read_json',
};

/** Names that a query needs for what it finds already. */
const TAKEN = ['documents', 'ledger', 'quarantine', 'files', 'commits', 'shadow_rules', 'main', 'temp', 'system'];

/** `name=path` taken apart; no name where there is none, or where a file is called so. */
export function namedPath(given: string): { readonly name: string | null; readonly path: string } {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.+)$/s.exec(given);
  return match === null || existsSync(given) ? { name: null, path: given } : { name: match[1], path: match[2] };
}

/**
 * A run directory or a table of the user's under a name. Errors: ConfigError for a name that is taken, a path that does
 * not exist, or a file of another kind.
 * @param wanted tables of a run directory in a store
 */
export async function namedSource(
  name: string,
  path: string,
  others: readonly string[],
  wanted?: (table: string) => boolean,
): Promise<NamedSource> {
  const where = `${name}=${path}`;
  if (TAKEN.includes(name.toLowerCase()) || others.some((o) => o.toLowerCase() === name.toLowerCase()))
    throw new ConfigError({ expected: 'a name of its own', got: name, where, fix: `Taken are ${TAKEN.join(', ')}.` });
  if (isUrl(path)) return { name, run: await openRunFolder(path, wanted) };
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return { name, run: await openRunFolder(path) };
  const reader = READERS[/\.([a-z]+)(?:\.(?:gz|zst))?$/.exec(path.toLowerCase())?.[1] ?? ''];
  if (found !== undefined && reader !== undefined) return { name, file: resolve(path), reader };
  throw new ConfigError({
    expected: `a run directory, or a file that ends in ${Object.keys(READERS).join(', ')}`,
    got: found === undefined ? 'a path that does not exist' : path,
    where,
  });
}

/** The view of a table of the user's; the file is read when it is asked. */
export const fileView = ({ name, file, reader }: Extract<NamedSource, { readonly file: string }>): string =>
  `CREATE VIEW "${name}" AS SELECT * FROM ${reader}('${file.replaceAll("'", "''")}')`;

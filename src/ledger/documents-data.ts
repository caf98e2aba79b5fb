import type { DuckDBValue } from '@duckdb/node-api';
import { type RunDatabase, rowsOf } from './database.ts';
import type { LedgerIndex } from './ledger-index.ts';
import { ledgerParts, rowsAt } from './ledger-parts.ts';
import { type OriginalText, originalText } from './original-text.ts';
import { POSITION, positionOf } from './position.ts';
import type { LedgerValues } from './row-reader.ts';
import type { RunFolder } from './run-folder.ts';
import { plainRow } from './sql-values.ts';

/** A row of the ledger as it is listed. */
export interface ListedDocument {
  readonly position: string;
  readonly id: string | null;
  readonly domain: string | null;
  readonly outcome: string;
  readonly step: string | null;
  readonly rule: string | null;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly textBytes: number | null;
  readonly excerpt: string;
}

/** What a list of documents shows of the ledger, by name and in SQL; `listedDocument` makes it of a row. */
export const LISTED_NAMES: readonly string[] = [
  ...['file', 'block', 'offset', 'derived'],
  ...['id', 'domain', 'outcome', 'step', 'rule', 'value', 'threshold', 'text_bytes', 'excerpt'],
];
const LISTED_COLUMNS = LISTED_NAMES.map((name) => `"${name}"`).join(', ');

export const listedDocument = (r: LedgerValues): ListedDocument => {
  const { id, domain, outcome, step, rule, value, threshold, text_bytes: textBytes, excerpt } = r;
  const all = { position: positionOf(r), id, domain, outcome, step, rule, value, threshold, textBytes };
  return { ...all, excerpt: String(excerpt ?? '') } as ListedDocument;
};

/** Rows of the ledger by their numbers in its order, in that order. @param index reads them faster */
export async function documentsAt(
  folder: RunFolder,
  db: RunDatabase,
  rows: readonly number[],
  index: LedgerIndex | null = null,
): Promise<ListedDocument[]> {
  const own = [...new Set(rows)].sort((a, b) => a - b);
  if (index === null)
    return (await rowsAt(db, ledgerParts(folder), own, LISTED_NAMES)).map((f) => listedDocument(f.values));
  const found: ListedDocument[] = [];
  for (const n of own) found.push(listedDocument(await index.at(n, LISTED_NAMES)));
  return found;
}

/**
 * Some documents for which a condition on the ledger holds, drawn by a hash of position and seed: the same in every
 * call, whatever else is in the ledger. Errors: ConfigError for a condition that DuckDB does not understand.
 */
export async function sampleDocuments(
  db: RunDatabase,
  where: string,
  { most, seed, values = [] }: { readonly most: number; readonly seed: number; readonly values?: DuckDBValue[] },
): Promise<{ readonly total: number; readonly documents: readonly ListedDocument[] }> {
  const found = await rowsOf(
    db,
    `SELECT ${LISTED_COLUMNS}, count(*) OVER () AS total FROM ledger WHERE (\n${where}\n) ` +
      `ORDER BY md5('${seed}:' || ${POSITION}), file, block, "offset" LIMIT ${most}`,
    values,
  );
  return {
    total: found.length === 0 ? 0 : Number(found[0].total),
    documents: found.map((r) => listedDocument(plainRow(r))),
  };
}

/**
 * The whole text of a document as it was read, from the input by its position. What comes is compared with the ledger:
 * as many bytes, the same beginning; and the file has the size and time, or else the hash of both ends, that it had.
 */
export async function wholeText(
  folder: RunFolder,
  d: Pick<ListedDocument, 'position' | 'textBytes' | 'excerpt'>,
): Promise<OriginalText> {
  return asRead(await originalText(folder, d.position), d);
}

/** A text that was read again, if it is the one that the ledger has. */
export function asRead(found: OriginalText, d: Pick<ListedDocument, 'textBytes' | 'excerpt'>): OriginalText {
  if (!('text' in found)) return found;
  const bytes = Buffer.from(found.text);
  const same = bytes.length === d.textBytes && found.text.startsWith(d.excerpt);
  return same ? found : { missing: 'another text stands there now' };
}

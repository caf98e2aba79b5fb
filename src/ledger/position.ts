import type { DuckDBValue } from '@duckdb/node-api';

/** The position of a ledger row as text, in SQL: what `duplicate_of` and `parents` hold. */
export const POSITION = `file || '#' || block || '.' || "offset" || coalesce('+' || derived, '')`;

const LABEL = /^(.*)#(\d+)\.(\d+)(?:\+([\d.]+))?$/s;

/** A condition on the ledger that finds the document at a position, and its values; null for what is no position. */
export function atPosition(label: string): { readonly where: string; readonly values: DuckDBValue[] } | null {
  const found = LABEL.exec(label);
  if (!found) return null;
  const [, file, block, offset, derived] = found;
  return {
    where:
      'file = ? AND block = CAST(? AS BIGINT) AND "offset" = CAST(? AS BIGINT) AND derived IS NOT DISTINCT ' +
      'FROM CAST(? AS VARCHAR)',
    values: [file, block, offset, derived ?? null],
  };
}

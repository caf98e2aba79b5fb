import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { numberAt, stringAt } from '../../streams/batch/columns.ts';

/**
 * Which of several copies stays: of the highest or lowest `column`, a number or date; equal or absent: the first in
 * input order.
 */
export interface Priority {
  /** A column of the batch, or `metadata.<field>` (`metadata.a.b` goes deeper). */
  readonly column: string | null;
  readonly prefer: 'highest' | 'lowest';
}

const METADATA = 'metadata.';

/** Columns that must be there before a step with this priority. */
export const columnsOf = ({ column }: Priority): string[] =>
  column === null || column.startsWith(METADATA) ? [] : [column];

/** The higher, the better; a document without a value has -Infinity. */
export function ranksOf(batch: DocumentBatch, { column, prefer }: Priority): Float64Array {
  const ranks = new Float64Array(batch.rows);
  if (column === null) return ranks;
  const sign = prefer === 'highest' ? 1 : -1;
  const rankOf = reader(batch, column);
  for (let i = 0; i < batch.rows; i++) {
    const value = rankOf(i);
    ranks[i] = value === null || Number.isNaN(value) ? Number.NEGATIVE_INFINITY : sign * value;
  }
  return ranks;
}

function reader(batch: DocumentBatch, column: string): (row: number) => number | null {
  if (column.startsWith(METADATA)) {
    const path = column.slice(METADATA.length).split('.');
    const metadata = batch.utf8('metadata');
    return (row) => {
      let value: unknown = JSON.parse(stringAt(metadata, row) || 'null');
      for (const key of path) {
        value =
          typeof value === 'object' && value !== null && Object.hasOwn(value, key)
            ? (value as { readonly [key: string]: unknown })[key]
            : null;
      }
      return typeof value === 'number' ? value : typeof value === 'string' ? dateOf(value) : null;
    };
  }
  const values = batch.column(column);
  if (values.type === 'utf8') return (row) => dateOf(stringAt(values, row) ?? '');
  return (row) => numberAt(values, row);
}

const DATE =
  /^([+-]?\d{4,6})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3})\d*)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?$/;

/**
 * Milliseconds since 1970 of an ISO date (YYYY, YYYY-MM, YYYY-MM-DD, with a time; no zone: UTC), the start of what it
 * names; else null.
 */
export function dateOf(text: string): number | null {
  const m = DATE.exec(text.trim());
  if (m === null) return null;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((k) => Number(m[k] ?? (k <= 3 ? 1 : 0)));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, Number((m[7] ?? '0').padEnd(3, '0')));
  const zone = m[8];
  if (zone === undefined || zone === 'Z') return date.getTime();
  const offset = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return date.getTime() - (zone[0] === '-' ? -1 : 1) * offset * 60_000;
}

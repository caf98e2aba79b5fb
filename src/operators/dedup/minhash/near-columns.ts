import { type Column, concatColumns, takeRows, type Utf8Column } from '../../../streams/batch/columns.ts';
import type { KeyTables } from '../tables/key-tables.ts';
import type { NearDecision } from './minhash-decide.ts';

/** What near copies are decided by in parts: there are no earlier runs, and nothing is saved. */
export type NearRounds = Omit<NearDecision, 'earlier' | 'signatureBytes' | 'save'>;

export const uint32 = (values: Uint32Array): Column => ({ type: 'uint32', values, valid: null });

/** Calls `visit` for some documents, ascending, with the columns of their frame and the row there. */
export function eachOf(
  tables: KeyTables,
  names: readonly string[],
  documents: ArrayLike<number>,
  visit: (k: number, row: number, columns: readonly (BigInt64Array | Float64Array | Int32Array)[]) => void,
): void {
  let next = 0;
  tables.scan(
    names,
    (buffers, from, rows) => {
      const columns = buffers.map((buffer, i) => {
        if (names[i] === 'start' || names[i] === 'rank') return new Float64Array(buffer, 0, rows);
        if (names[i].startsWith('band_')) return new BigInt64Array(buffer, 0, rows);
        return new Int32Array(buffer, 0, rows);
      });
      for (; next < documents.length && documents[next] < from + rows; next++)
        visit(next, documents[next] - from, columns);
    },
    (from, to) => next < documents.length && documents[next] >= from && documents[next] < to,
  );
}

/** @param documents ascending */
export function labelsOf(tables: KeyTables, documents: readonly number[]): Utf8Column {
  const parts: Column[] = [];
  const sizes: number[] = [];
  let next = 0;
  tables.scanText(
    'label',
    (values, offsets, from, rows) => {
      const own: number[] = [];
      for (; next < documents.length && documents[next] < from + rows; next++) own.push(documents[next] - from);
      parts.push(takeRows({ type: 'utf8', values, offsets, valid: null }, own));
      sizes.push(own.length);
    },
    (from, to) => next < documents.length && documents[next] >= from && documents[next] < to,
  );
  return concatColumns(parts, sizes) as Utf8Column;
}

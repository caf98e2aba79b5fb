import type { DocumentBatch } from './batch.ts';
import { type Column, takeRows } from './columns.ts';

/** Columns of some rows of a batch, in buffers that nobody else has: they may go to another thread. */
export const ownColumns = (batch: DocumentBatch, names: Iterable<string>, rows: Int32Array): Map<string, Column> =>
  new Map([...names].map((name) => [name, takeRows(batch.column(name), rows)] as const));

/** The buffers of columns made by `ownColumns`. */
export function buffersOf(columns: Iterable<Column>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const column of columns) {
    const views = [column.values, column.valid, column.type === 'utf8' ? column.offsets : null];
    for (const view of views) if (view && view.byteLength > 0) buffers.add(view.buffer as ArrayBuffer);
  }
  return [...buffers];
}

/** Row numbers where a mask is 1, ascending. */
export function rowsOf(mask: Uint8Array): Int32Array {
  const rows = new Int32Array(mask.length);
  let n = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] === 1) rows[n++] = i;
  return rows.slice(0, n);
}

import { bitmapBytes, type Column, type NumberColumn, type Utf8Column, utf8Column } from '../streams/batch/columns.ts';
import type { QuarantinedRecord } from '../streams/batch/outcome.ts';
import type { ListColumn } from './table.ts';

const encoder = new TextEncoder();

/** One string, `rows` times. */
export const constantColumn = (text: string, rows: number): Utf8Column => indexedColumn([text], new Int32Array(rows));

/** Strings of a small list by index; -1 is null. */
export function indexedColumn(strings: readonly string[], index: Int32Array): Utf8Column {
  const encoded = strings.map((s) => encoder.encode(s));
  const offsets = new Int32Array(index.length + 1);
  let valid: Uint8Array | null = null;
  for (let i = 0; i < index.length; i++) {
    offsets[i + 1] = offsets[i] + (index[i] < 0 ? 0 : encoded[index[i]].length);
    if (index[i] < 0) {
      valid ??= new Uint8Array(bitmapBytes(index.length)).fill(0xff);
      valid[i >> 3] &= ~(1 << (i & 7));
    }
  }
  const values = new Uint8Array(offsets[index.length]);
  for (let i = 0; i < index.length; i++) if (index[i] >= 0) values.set(encoded[index[i]], offsets[i]);
  return { type: 'utf8', offsets, values, valid };
}

/** A float64 column over the values; NaN is null. The values are not changed. */
export function nullWhereNaN(values: Float64Array): NumberColumn {
  let valid: Uint8Array | null = null;
  let clean = values;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) continue;
    if (valid === null) {
      valid = new Uint8Array(bitmapBytes(values.length)).fill(0xff);
      clean = values.slice();
    }
    valid[i >> 3] &= ~(1 << (i & 7));
    clean[i] = 0;
  }
  return { type: 'float64', values: clean, valid };
}

export const listColumn = (offsets: Int32Array, child: ListColumn['child']): ListColumn => ({
  type: 'list',
  offsets,
  valid: null,
  child,
});

/** file, block, offset and row of quarantined records. */
export function positionColumns(records: readonly QuarantinedRecord[]): [string, Column][] {
  return [
    ['file', utf8Column(records.map((r) => r.file))],
    ['block', { type: 'int64', values: BigInt64Array.from(records, (r) => BigInt(r.block)), valid: null }],
    ['offset', { type: 'int64', values: BigInt64Array.from(records, (r) => BigInt(r.offset)), valid: null }],
    ['row', { type: 'uint32', values: Uint32Array.from(records, (r) => r.row), valid: null }],
  ];
}

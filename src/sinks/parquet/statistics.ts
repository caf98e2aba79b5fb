import { type Column, isValid, type NumberColumn, type Utf8Column } from '../../streams/batch/columns.ts';
import { THRIFT, type ThriftField, type ThriftStruct } from './thrift.ts';

/** Longer strings stay out of the footer: then a chunk has no bounds, which is always true. */
const MAX_BOUND_BYTES = 64;

/**
 * Statistics of a flat column: number of nulls, and exact least and greatest value (strings bytewise, unsigned numbers
 * unsigned).
 * @param bounds false: nulls only
 */
export function statisticsOf(column: Column, rows: number, bounds: boolean): ThriftStruct {
  let nulls = 0;
  if (column.valid) for (let i = 0; i < rows; i++) if (!isValid(column, i)) nulls++;
  const found =
    bounds && nulls < rows ? (column.type === 'utf8' ? stringBounds(column, rows) : numberBounds(column, rows)) : null;
  const binary = (id: number, value: Uint8Array): ThriftField => ({ id, type: THRIFT.binary, value });
  const exact = (id: number): ThriftField => ({ id, type: THRIFT.true, value: true });
  const nullCount: ThriftField = { id: 3, type: THRIFT.i64, value: nulls };
  return found ? [nullCount, binary(5, found.max), binary(6, found.min), exact(7), exact(8)] : [nullCount];
}

interface Bounds {
  readonly min: Uint8Array;
  readonly max: Uint8Array;
}

function numberBounds(column: NumberColumn, rows: number): Bounds | null {
  const { values } = column;
  let min: number | bigint | null = null;
  let max: number | bigint | null = null;
  for (let i = 0; i < rows; i++) {
    if (!isValid(column, i)) continue;
    const v = values[i];
    if (Number.isNaN(v)) return null;
    if (min === null || v < min) min = v;
    if (max === null || v > max) max = v;
  }
  if (min === null || max === null) return null;
  // The format asks that bounds of 0 hold both zeros.
  if (column.type === 'float64')
    return { min: plain(column, min === 0 ? -0 : min), max: plain(column, max === 0 ? 0 : max) };
  return { min: plain(column, min), max: plain(column, max) };
}

function plain({ values }: NumberColumn, value: number | bigint): Uint8Array {
  const one = new (values.constructor as new (n: number) => Float64Array)(1);
  one[0] = value as number;
  return new Uint8Array(one.buffer);
}

function stringBounds(column: Utf8Column, rows: number): Bounds | null {
  let min: Uint8Array | null = null;
  let max: Uint8Array | null = null;
  let last: Uint8Array | null = null;
  for (let i = 0; i < rows; i++) {
    if (!isValid(column, i)) continue;
    const v = column.values.subarray(column.offsets[i], column.offsets[i + 1]);
    if (v.length > MAX_BOUND_BYTES) return null;
    if (last !== null && Buffer.compare(v, last) === 0) continue;
    last = v;
    if (min === null || Buffer.compare(v, min) < 0) min = v;
    if (max === null || Buffer.compare(v, max) > 0) max = v;
  }
  return min && max ? { min: min.slice(), max: max.slice() } : null;
}

import type { Utf8Column } from '../../streams/batch/columns.ts';

/** Distinct strings of a column, in order of first appearance. */
export interface Dictionary {
  /** A row of the column for each distinct string. */
  readonly rows: Int32Array;
  /** Per non-null row of the range: index into `rows`. */
  readonly index: Int32Array;
}

/** More distinct strings than this are not worth a dictionary; fewer rows than four for each neither. */
const MAX_DISTINCT = 4096;
const FREE_DISTINCT = 64;

/** The dictionary of rows `from` to `to`, or null where the strings repeat too little. Decided by the rows alone. */
export function dictionaryOf(column: Utf8Column, from: number, to: number): Dictionary | null {
  const { offsets, values, valid } = column;
  const table = new Int32Array(4 * MAX_DISTINCT).fill(-1);
  const mask = table.length - 1;
  const rows = new Int32Array(MAX_DISTINCT);
  const index = new Int32Array(to - from);
  let distinct = 0;
  let n = 0;
  for (let i = from; i < to; i++) {
    if (valid !== null && (valid[i >> 3] & (1 << (i & 7))) === 0) continue;
    const start = offsets[i];
    const length = offsets[i + 1] - start;
    // Neighbouring rows are often equal.
    if (n > 0 && sameBytes(values, offsets, rows[index[n - 1]], start, length)) {
      index[n] = index[n - 1];
      n++;
      continue;
    }
    let slot = hash(values, start, length) & mask;
    while (table[slot] >= 0 && !sameBytes(values, offsets, rows[table[slot]], start, length)) slot = (slot + 1) & mask;
    if (table[slot] < 0) {
      if (distinct === MAX_DISTINCT || distinct * 4 > n + 4 * FREE_DISTINCT) return null;
      rows[distinct] = i;
      table[slot] = distinct++;
    }
    index[n++] = table[slot];
  }
  return n === 0 ? null : { rows: rows.subarray(0, distinct), index: index.subarray(0, n) };
}

function sameBytes(values: Uint8Array, offsets: Int32Array, row: number, start: number, length: number): boolean {
  const other = offsets[row];
  if (offsets[row + 1] - other !== length) return false;
  for (let k = length - 1; k >= 0; k--) if (values[other + k] !== values[start + k]) return false;
  return true;
}

/** FNV-1a, mixed at the end. */
function hash(values: Uint8Array, start: number, length: number): number {
  let h = 0x811c9dc5;
  for (let k = start; k < start + length; k++) h = Math.imul(h ^ values[k], 0x01000193);
  return h ^ (h >>> 15);
}

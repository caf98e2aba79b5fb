import { InvariantError } from '../../errors.ts';

/** Types that a column of a batch may have. Integers or float64 for annotations; utf8 for text. */
export type ColumnType = 'utf8' | 'int32' | 'uint32' | 'int64' | 'float64';

/** Name and type of a column that a step reads or writes; static before the first byte is read. */
export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
}

/** Arrow utf8 layout. Row i is `values[offsets[i] .. offsets[i + 1])`; `offsets[0]` may be > 0. */
export interface Utf8Column {
  readonly type: 'utf8';
  /** Length rows + 1, not decreasing. */
  readonly offsets: Int32Array;
  readonly values: Uint8Array;
  /** Arrow validity bitmap, least significant bit first; null = no nulls. */
  readonly valid: Uint8Array | null;
}

export interface NumberColumn {
  readonly type: 'int32' | 'uint32' | 'int64' | 'float64';
  readonly values: Int32Array | Uint32Array | BigInt64Array | Float64Array;
  readonly valid: Uint8Array | null;
}

export type Column = Utf8Column | NumberColumn;

/** Bytes of an Arrow validity bitmap for `rows` rows. */
export const bitmapBytes = (rows: number): number => (rows + 7) >> 3;

export const isValid = (column: Column, row: number): boolean =>
  column.valid === null || (column.valid[row >> 3] & (1 << (row & 7))) !== 0;

const arrays = { int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, float64: Float64Array };

/** `rows` nulls of a type. */
export function nullColumn(type: ColumnType, rows: number): Column {
  const valid = new Uint8Array(bitmapBytes(rows));
  if (type === 'utf8') return { type, offsets: new Int32Array(rows + 1), values: new Uint8Array(0), valid };
  return { type, values: new arrays[type](rows), valid };
}

/** A utf8 column from strings; null makes a null. */
export function utf8Column(strings: readonly (string | null)[]): Utf8Column {
  const rows = strings.length;
  const offsets = new Int32Array(rows + 1);
  for (let i = 0; i < rows; i++) offsets[i + 1] = offsets[i] + (strings[i] ? Buffer.byteLength(strings[i]!) : 0);
  const values = new Uint8Array(offsets[rows]);
  const into = Buffer.from(values.buffer);
  let nulls = false;
  for (let i = 0; i < rows; i++) {
    const s = strings[i];
    if (s) into.write(s, offsets[i]);
    else if (s === null) nulls = true;
  }
  return { type: 'utf8', offsets, values, valid: nulls ? validBitmap(strings.map((s) => s !== null)) : null };
}

/** A float64 column; NaN in `values` becomes null (kernels hand NaN for "does not apply"). */
export function float64Column(values: Float64Array): NumberColumn {
  return { type: 'float64', values, valid: nullsOfNaN(values) };
}

/** An int32 column from floats as kernels hand them; NaN becomes null. */
export function int32Column(values: Float64Array): NumberColumn {
  return { type: 'int32', values: new Int32Array(values), valid: nullsOfNaN(values) };
}

function nullsOfNaN(values: Float64Array): Uint8Array | null {
  let bitmap: Uint8Array | null = null;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) continue;
    if (bitmap === null) bitmap = new Uint8Array(bitmapBytes(values.length)).fill(0xff);
    bitmap[i >> 3] &= ~(1 << (i & 7));
    values[i] = 0;
  }
  return bitmap;
}

/** The bitmap of a list of flags, or null when all are set. */
export function validBitmap(flags: readonly boolean[]): Uint8Array | null {
  if (flags.every(Boolean)) return null;
  const bitmap = new Uint8Array(bitmapBytes(flags.length));
  flags.forEach((f, i) => {
    if (f) bitmap[i >> 3] |= 1 << (i & 7);
  });
  return bitmap;
}

/**
 * Value of a number column as a double, or null. Throws on a detached buffer ([ran] Arrow would read null without an
 * error).
 */
export function numberAt(column: NumberColumn, row: number): number | null {
  assertAttached(column.values);
  return isValid(column, row) ? Number(column.values[row]) : null;
}

/**
 * All values of a number column as doubles, whatever is null; of int64 by its 32-bit halves, without a BigInt a
 * row.
 */
export function doublesOf({ type, values }: NumberColumn): ArrayLike<number> {
  assertAttached(values);
  if (type !== 'int64') return values as ArrayLike<number>;
  const low = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const high = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  return Float64Array.from({ length: values.length }, (_, i) => high[2 * i + 1] * 2 ** 32 + low[2 * i]);
}

/** Text of a row, decoded; null stays null. */
export function stringAt(column: Utf8Column, row: number): string | null {
  assertAttached(column.values);
  if (!isValid(column, row)) return null;
  return utf8Slice(column.values, column.offsets[row], column.offsets[row + 1]);
}

/** Decodes bytes that are known to be valid UTF-8. */
export function utf8Slice(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

export function assertAttached(values: ArrayBufferView): void {
  if ((values.buffer as ArrayBuffer & { detached?: boolean }).detached === true) {
    throw new InvariantError({
      expected: 'a column whose buffer is still here',
      got: 'a detached buffer (the batch was transferred to another thread)',
      fix: 'Read a batch before it is handed on, or copy it.',
    });
  }
}

/** Rows `rows` of `column`, in that order, in fresh buffers of their own. */
export function takeRows(column: Column, rows: ArrayLike<number>): Column {
  const n = rows.length;
  let valid: Uint8Array | null = null;
  if (column.valid !== null) {
    valid = new Uint8Array(bitmapBytes(n));
    for (let i = 0; i < n; i++) if (isValid(column, rows[i])) valid[i >> 3] |= 1 << (i & 7);
  }
  if (column.type !== 'utf8') {
    assertAttached(column.values);
    const Values = column.values.constructor as new (length: number) => Float64Array;
    const values = new Values(n);
    for (let i = 0; i < n; i++) values[i] = column.values[rows[i]] as number;
    return { type: column.type, values, valid };
  }
  assertAttached(column.values);
  const offsets = new Int32Array(n + 1);
  for (let i = 0; i < n; i++) offsets[i + 1] = offsets[i] + column.offsets[rows[i] + 1] - column.offsets[rows[i]];
  const values = new Uint8Array(offsets[n]);
  for (let i = 0; i < n; ) {
    // Runs of neighbouring rows are one copy.
    let j = i + 1;
    while (j < n && rows[j] === rows[j - 1] + 1) j++;
    values.set(column.values.subarray(column.offsets[rows[i]], column.offsets[rows[j - 1] + 1]), offsets[i]);
    i = j;
  }
  return { type: 'utf8', offsets, values, valid };
}

/** Columns one after the other; all of one type. */
export function concatColumns(parts: readonly Column[], rowsOf: readonly number[]): Column {
  const rows = rowsOf.reduce((a, b) => a + b, 0);
  let valid: Uint8Array | null = null;
  if (parts.some((p) => p.valid !== null)) {
    valid = new Uint8Array(bitmapBytes(rows));
    let at = 0;
    parts.forEach((p, k) => {
      for (let i = 0; i < rowsOf[k]; i++, at++) if (isValid(p, i)) valid![at >> 3] |= 1 << (at & 7);
    });
  }
  const first = parts[0];
  if (first.type !== 'utf8') {
    const Values = first.values.constructor as new (length: number) => Float64Array;
    const values = new Values(rows);
    let at = 0;
    parts.forEach((p, k) => {
      values.set((p.values as Float64Array).subarray(0, rowsOf[k]), at);
      at += rowsOf[k];
    });
    return { type: first.type, values, valid };
  }
  const offsets = new Int32Array(rows + 1);
  const texts = parts as readonly Utf8Column[];
  let bytes = 0;
  texts.forEach((p, k) => {
    bytes += p.offsets[rowsOf[k]] - p.offsets[0];
  });
  const values = new Uint8Array(bytes);
  let at = 0;
  let byte = 0;
  texts.forEach((p, k) => {
    const base = p.offsets[0];
    values.set(p.values.subarray(base, p.offsets[rowsOf[k]]), byte);
    for (let i = 0; i < rowsOf[k]; i++) offsets[++at] = byte + p.offsets[i + 1] - base;
    byte += p.offsets[rowsOf[k]] - base;
  });
  return { type: 'utf8', offsets, values, valid };
}

import { bitmapBytes, type ColumnType } from '../streams/batch/columns.ts';
import { assertSchema, type StructColumn, schemaText, type TableBatch, type TableColumn } from './table.ts';

/** Collects rows of many batches into contiguous columns whose buffers are used again for the next group. */
export class RowGroup {
  rows = 0;
  readonly #path: string;
  readonly #keepBytes: number;
  #schema: string | null = null;
  #columns: { name: string; builder: Builder }[] = [];

  /**
   * @param path for errors
   * @param keepBytes buffers that a rare large row made larger than this are let go after the group
   */
  constructor(path: string, keepBytes: number) {
    this.#path = path;
    this.#keepBytes = keepBytes;
  }

  append(batch: TableBatch, from: number, to: number): void {
    if (this.#schema === null) {
      this.#schema = schemaText(batch.columns);
      this.#columns = [...batch.columns].map(([name, c]) => ({ name, builder: builderOf(c) }));
    } else {
      assertSchema(this.#schema, batch, this.#path);
    }
    for (const { name, builder } of this.#columns) builder.append(batch.columns.get(name)!, from, to);
    this.rows += to - from;
  }

  /** Views of the rows collected; valid until the next `append` or `clear`. */
  table(): TableBatch {
    const columns = this.#columns.map(({ name, builder }): [string, TableColumn] => [
      name,
      builder.column() as TableColumn,
    ]);
    return { columns: new Map(columns), rows: this.rows };
  }

  clear(): void {
    this.rows = 0;
    for (const { builder } of this.#columns) builder.clear(this.#keepBytes);
  }

  /** The end: large buffers go to the next writer of this thread. */
  release(): void {
    for (const { builder } of this.#columns) builder.release();
    this.#columns = [];
  }

  /** Bytes of all buffers held. */
  get byteLength(): number {
    return this.#columns.reduce((n, c) => n + c.builder.byteLength(), 0);
  }
}

type AnyColumn = TableColumn | StructColumn;

interface Builder {
  append(column: AnyColumn, from: number, to: number): void;
  column(): AnyColumn;
  clear(keepBytes: number): void;
  /** Hands large buffers on; the builder is not used again. */
  release(): void;
  byteLength(): number;
}

function builderOf(c: AnyColumn): Builder {
  if (c.type === 'utf8') return utf8Builder();
  if (c.type === 'list') return listBuilder(c.child);
  if (c.type === 'struct') return structBuilder(c);
  return numberBuilder(c.type);
}

type Buffers = Int32Array | Uint32Array | BigInt64Array | Float64Array | Uint8Array;

/**
 * Large buffers of finished writers of this thread, for the next ones: a text column needs the same size again with
 * every split.
 */
const spare: Uint8Array[] = [];
const SPARE_BYTES = 1024 * 1024;
/** A row group of usual documents has no larger column. */
const LARGEST_SPARE_BYTES = 24 * 1024 * 1024;
const MAX_SPARE = 2;

function putSpare(buffer: Uint8Array): void {
  if (buffer.length >= SPARE_BYTES && buffer.length <= LARGEST_SPARE_BYTES && spare.length < MAX_SPARE)
    spare.push(buffer);
}

/** Bytes with room for `count` more after `used`, from the spare ones once they are large. */
function bytesWithRoom(buffer: Uint8Array, used: number, count: number): Uint8Array {
  const needed = used + count;
  if (needed <= buffer.length || needed < SPARE_BYTES) return withRoom(buffer, used, count);
  const at = spare.findIndex((b) => b.length >= needed);
  if (at < 0) return withRoom(buffer, used, count);
  const [larger] = spare.splice(at, 1);
  larger.set(buffer.subarray(0, used));
  return larger;
}

/** A buffer with room for `count` more after `used`; the old one when it is large enough. */
function withRoom<T extends Buffers>(buffer: T, used: number, count: number): T {
  if (used + count <= buffer.length) return buffer;
  const grown = new (buffer.constructor as new (n: number) => T)(
    Math.max(used + count, Math.ceil(buffer.length * 1.5), 1024),
  );
  (grown as Uint8Array).set((buffer as Uint8Array).subarray(0, used));
  return grown;
}

/** Validity bits; no bitmap until the first null. */
function validity(): {
  append(valid: Uint8Array | null, from: number, to: number): void;
  bitmap(): Uint8Array | null;
  clear(): void;
} {
  let bits = new Uint8Array(0);
  let rows = 0;
  let nulls = false;
  const setAll = (from: number, to: number): void => {
    for (let i = from; i < to; i++) bits[i >> 3] |= 1 << (i & 7);
  };
  return {
    append(valid, from, to) {
      const first = rows;
      rows += to - from;
      if (valid === null && !nulls) return;
      bits = withRoom(bits, bitmapBytes(first), bitmapBytes(rows) - bitmapBytes(first) + 1);
      if (!nulls) setAll(0, first);
      nulls = true;
      if (valid === null) return setAll(first, rows);
      for (let i = from, at = first; i < to; i++, at++)
        if (valid[i >> 3] & (1 << (i & 7))) bits[at >> 3] |= 1 << (at & 7);
    },
    bitmap: () => (nulls ? bits.subarray(0, bitmapBytes(rows)) : null),
    clear() {
      bits.fill(0);
      rows = 0;
      nulls = false;
    },
  };
}

function offsetsBuilder(): {
  append(offsets: Int32Array, from: number, to: number): void;
  view(): Int32Array;
  clear(): void;
  bytes(): number;
} {
  let offsets = new Int32Array(1);
  let rows = 0;
  return {
    append(source, from, to) {
      offsets = withRoom(offsets, rows + 1, to - from);
      const shift = offsets[rows] - source[from];
      for (let i = from; i < to; i++) offsets[++rows] = source[i + 1] + shift;
    },
    view: () => offsets.subarray(0, rows + 1),
    clear() {
      rows = 0;
    },
    bytes: () => offsets.byteLength,
  };
}

function utf8Builder(): Builder {
  const offsets = offsetsBuilder();
  const valid = validity();
  let values: Uint8Array = new Uint8Array(0);
  let used = 0;
  return {
    append(c, from, to) {
      if (c.type !== 'utf8') return;
      const [start, end] = [c.offsets[from], c.offsets[to]];
      values = bytesWithRoom(values, used, end - start);
      values.set(c.values.subarray(start, end), used);
      used += end - start;
      offsets.append(c.offsets, from, to);
      valid.append(c.valid, from, to);
    },
    column: () => ({ type: 'utf8', offsets: offsets.view(), values: values.subarray(0, used), valid: valid.bitmap() }),
    clear(keepBytes) {
      if (values.length > keepBytes) values = new Uint8Array(0);
      used = 0;
      offsets.clear();
      valid.clear();
    },
    release() {
      putSpare(values);
      values = new Uint8Array(0);
    },
    byteLength: () => values.byteLength + offsets.bytes(),
  };
}

const arrays = { int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, float64: Float64Array };

function numberBuilder(type: Exclude<ColumnType, 'utf8'>): Builder {
  const valid = validity();
  let values: Int32Array | Uint32Array | BigInt64Array | Float64Array = new arrays[type](0);
  let rows = 0;
  return {
    append(c, from, to) {
      if (c.type !== type) return;
      values = withRoom(values, rows, to - from);
      (values as Float64Array).set((c.values as Float64Array).subarray(from, to), rows);
      rows += to - from;
      valid.append(c.valid, from, to);
    },
    column: () => ({ type, values: values.subarray(0, rows), valid: valid.bitmap() }),
    clear() {
      rows = 0;
      valid.clear();
    },
    release() {},
    byteLength: () => values.byteLength,
  };
}

function listBuilder(ofChild: AnyColumn): Builder {
  const offsets = offsetsBuilder();
  const valid = validity();
  const child = builderOf(ofChild);
  return {
    append(c, from, to) {
      if (c.type !== 'list') return;
      child.append(c.child, c.offsets[from], c.offsets[to]);
      offsets.append(c.offsets, from, to);
      valid.append(c.valid, from, to);
    },
    column: () => ({
      type: 'list',
      offsets: offsets.view(),
      valid: valid.bitmap(),
      child: child.column() as Exclude<AnyColumn, { type: 'list' }>,
    }),
    clear(keepBytes) {
      offsets.clear();
      valid.clear();
      child.clear(keepBytes);
    },
    release: () => child.release(),
    byteLength: () => offsets.bytes() + child.byteLength(),
  };
}

function structBuilder(c: StructColumn): Builder {
  const fields = [...c.fields].map(([name, f]) => ({ name, builder: builderOf(f) }));
  return {
    append(s, from, to) {
      if (s.type !== 'struct') return;
      for (const { name, builder } of fields) builder.append(s.fields.get(name)!, from, to);
    },
    column: () => ({
      type: 'struct',
      fields: new Map(fields.map(({ name, builder }) => [name, builder.column() as never])),
    }),
    clear(keepBytes) {
      for (const { builder } of fields) builder.clear(keepBytes);
    },
    release() {
      for (const { builder } of fields) builder.release();
    },
    byteLength: () => fields.reduce((n, f) => n + f.builder.byteLength(), 0),
  };
}

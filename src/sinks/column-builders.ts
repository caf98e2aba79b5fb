import { bitmapBytes, type ColumnType } from '../streams/batch/columns.ts';
import type { StructColumn, TableColumn } from './table.ts';

export type AnyColumn = TableColumn | StructColumn;

/** Collects the values of one column. */
export interface Builder {
  append(column: AnyColumn, from: number, to: number): void;
  column(): AnyColumn;
  clear(keepBytes: number): void;
  /** Hands large buffers on; the builder is not used again. */
  release(): void;
  byteLength(): number;
}

export function builderOf(c: AnyColumn): Builder {
  if (c.type === 'utf8') return new Utf8Builder();
  if (c.type === 'list') return new ListBuilder(c.child);
  if (c.type === 'struct') return new StructBuilder(c);
  return new NumberBuilder(c.type);
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

// Classes: their code is compiled once for all columns of all files. Closures were compiled for every column anew.

/** Validity bits; no bitmap until the first null. */
class Validity {
  #bits = new Uint8Array(0);
  #rows = 0;
  #nulls = false;

  append(valid: Uint8Array | null, from: number, to: number): void {
    const first = this.#rows;
    this.#rows += to - from;
    if (valid === null && !this.#nulls) return;
    this.#bits = withRoom(this.#bits, bitmapBytes(first), bitmapBytes(this.#rows) - bitmapBytes(first) + 1);
    if (!this.#nulls) this.#setAll(0, first);
    this.#nulls = true;
    if (valid === null) {
      this.#setAll(first, this.#rows);
      return;
    }
    const bits = this.#bits;
    for (let i = from, at = first; i < to; i++, at++)
      if (valid[i >> 3] & (1 << (i & 7))) bits[at >> 3] |= 1 << (at & 7);
  }

  bitmap(): Uint8Array | null {
    return this.#nulls ? this.#bits.subarray(0, bitmapBytes(this.#rows)) : null;
  }

  clear(): void {
    this.#bits.fill(0);
    this.#rows = 0;
    this.#nulls = false;
  }

  #setAll(from: number, to: number): void {
    const bits = this.#bits;
    for (let i = from; i < to; i++) bits[i >> 3] |= 1 << (i & 7);
  }
}

class Offsets {
  #offsets = new Int32Array(1);
  #rows = 0;

  append(source: Int32Array, from: number, to: number): void {
    this.#offsets = withRoom(this.#offsets, this.#rows + 1, to - from);
    const offsets = this.#offsets;
    let rows = this.#rows;
    const shift = offsets[rows] - source[from];
    for (let i = from; i < to; i++) offsets[++rows] = source[i + 1] + shift;
    this.#rows = rows;
  }

  view(): Int32Array {
    return this.#offsets.subarray(0, this.#rows + 1);
  }

  clear(): void {
    this.#rows = 0;
  }

  get bytes(): number {
    return this.#offsets.byteLength;
  }
}

class Utf8Builder implements Builder {
  #offsets = new Offsets();
  #valid = new Validity();
  #values: Uint8Array = new Uint8Array(0);
  #used = 0;

  append(c: AnyColumn, from: number, to: number): void {
    if (c.type !== 'utf8') return;
    const [start, end] = [c.offsets[from], c.offsets[to]];
    this.#values = bytesWithRoom(this.#values, this.#used, end - start);
    this.#values.set(c.values.subarray(start, end), this.#used);
    this.#used += end - start;
    this.#offsets.append(c.offsets, from, to);
    this.#valid.append(c.valid, from, to);
  }

  column(): AnyColumn {
    const values = this.#values.subarray(0, this.#used);
    return { type: 'utf8', offsets: this.#offsets.view(), values, valid: this.#valid.bitmap() };
  }

  clear(keepBytes: number): void {
    if (this.#values.length > keepBytes) this.#values = new Uint8Array(0);
    this.#used = 0;
    this.#offsets.clear();
    this.#valid.clear();
  }

  release(): void {
    putSpare(this.#values);
    this.#values = new Uint8Array(0);
  }

  byteLength(): number {
    return this.#values.byteLength + this.#offsets.bytes;
  }
}

const arrays = { int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, float64: Float64Array };

class NumberBuilder implements Builder {
  readonly #type: Exclude<ColumnType, 'utf8'>;
  #valid = new Validity();
  #values: Int32Array | Uint32Array | BigInt64Array | Float64Array;
  #rows = 0;

  constructor(type: Exclude<ColumnType, 'utf8'>) {
    this.#type = type;
    this.#values = new arrays[type](0);
  }

  append(c: AnyColumn, from: number, to: number): void {
    if (c.type !== this.#type) return;
    this.#values = withRoom(this.#values, this.#rows, to - from);
    (this.#values as Float64Array).set((c.values as Float64Array).subarray(from, to), this.#rows);
    this.#rows += to - from;
    this.#valid.append(c.valid, from, to);
  }

  column(): AnyColumn {
    return { type: this.#type, values: this.#values.subarray(0, this.#rows), valid: this.#valid.bitmap() };
  }

  clear(): void {
    this.#rows = 0;
    this.#valid.clear();
  }

  release(): void {}

  byteLength(): number {
    return this.#values.byteLength;
  }
}

class ListBuilder implements Builder {
  #offsets = new Offsets();
  #valid = new Validity();
  readonly #child: Builder;

  constructor(child: AnyColumn) {
    this.#child = builderOf(child);
  }

  append(c: AnyColumn, from: number, to: number): void {
    if (c.type !== 'list') return;
    this.#child.append(c.child, c.offsets[from], c.offsets[to]);
    this.#offsets.append(c.offsets, from, to);
    this.#valid.append(c.valid, from, to);
  }

  column(): AnyColumn {
    const child = this.#child.column() as Exclude<AnyColumn, { type: 'list' }>;
    return { type: 'list', offsets: this.#offsets.view(), valid: this.#valid.bitmap(), child };
  }

  clear(keepBytes: number): void {
    this.#offsets.clear();
    this.#valid.clear();
    this.#child.clear(keepBytes);
  }

  release(): void {
    this.#child.release();
  }

  byteLength(): number {
    return this.#offsets.bytes + this.#child.byteLength();
  }
}

class StructBuilder implements Builder {
  readonly #fields: readonly { readonly name: string; readonly builder: Builder }[];

  constructor(c: StructColumn) {
    this.#fields = [...c.fields].map(([name, f]) => ({ name, builder: builderOf(f) }));
  }

  append(s: AnyColumn, from: number, to: number): void {
    if (s.type !== 'struct') return;
    for (const { name, builder } of this.#fields) builder.append(s.fields.get(name)!, from, to);
  }

  column(): AnyColumn {
    return {
      type: 'struct',
      fields: new Map(this.#fields.map(({ name, builder }) => [name, builder.column() as never])),
    };
  }

  clear(keepBytes: number): void {
    for (const { builder } of this.#fields) builder.clear(keepBytes);
  }

  release(): void {
    for (const { builder } of this.#fields) builder.release();
  }

  byteLength(): number {
    return this.#fields.reduce((n, f) => n + f.builder.byteLength(), 0);
  }
}

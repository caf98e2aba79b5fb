/** What is damaged, as an error. */
export const damage = (what: string): Error => new Error(`expected ${what}, got damage`);

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** A table of a flatbuffer: where its fields are. Reading outside of the buffer throws a RangeError. */
export class FlatTable {
  readonly view: DataView;
  readonly at: number;
  #vtable: number;
  #length: number;
  constructor(view: DataView, at: number) {
    this.view = view;
    this.at = at;
    this.#vtable = at - view.getInt32(at, true);
    this.#length = view.getUint16(this.#vtable, true);
  }
  /** Place of a field, or 0 when it has its default. */
  field(index: number): number {
    const slot = 4 + 2 * index;
    const offset = slot < this.#length ? this.view.getUint16(this.#vtable + slot, true) : 0;
    return offset === 0 ? 0 : this.at + offset;
  }
  int64(index: number): number {
    const at = this.field(index);
    return at === 0 ? 0 : Number(this.view.getBigInt64(at, true));
  }
  int32(index: number, otherwise = 0): number {
    const at = this.field(index);
    return at === 0 ? otherwise : this.view.getInt32(at, true);
  }
  int16(index: number, otherwise = 0): number {
    const at = this.field(index);
    return at === 0 ? otherwise : this.view.getInt16(at, true);
  }
  uint8(index: number, otherwise = 0): number {
    const at = this.field(index);
    return at === 0 ? otherwise : this.view.getUint8(at);
  }
  text(index: number): string | null {
    const { at, length } = this.vector(index, 1);
    if (at === 0) return null;
    return Buffer.from(this.view.buffer, this.view.byteOffset + at, length).toString('utf8');
  }
  table(index: number): FlatTable | null {
    const at = this.field(index);
    return at === 0 ? null : new FlatTable(this.view, at + this.view.getUint32(at, true));
  }
  tables(index: number): FlatTable[] {
    const { at, length } = this.vector(index, 4);
    return Array.from({ length }, (_, i) => {
      const place = at + 4 * i;
      return new FlatTable(this.view, place + this.view.getUint32(place, true));
    });
  }
  /** Place and length of a vector whose elements are all inside the buffer. */
  vector(index: number, elementBytes: number): { at: number; length: number } {
    const field = this.field(index);
    if (field === 0) return { at: 0, length: 0 };
    const at = field + this.view.getUint32(field, true);
    const length = this.view.getUint32(at, true);
    if (at + 4 + length * elementBytes > this.view.byteLength) throw damage('a list within its message');
    return { at: at + 4, length };
  }
}

/** The table that a flatbuffer begins with. */
export function rootTable(bytes: Uint8Array): FlatTable {
  const view = viewOf(bytes);
  return new FlatTable(view, view.getUint32(0, true));
}

/** Runs `read`; what lies outside of the buffer is damage. */
export function checked<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof RangeError ? damage(what) : error;
  }
}

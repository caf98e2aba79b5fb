import { InputError } from '../../errors.ts';

/**
 * Thrift compact protocol as a tree that keeps every field with its wire type, known or not, so that a Parquet footer
 * can be changed in a few places and written again with nothing lost. (Source: Apache Thrift compact protocol
 * specification.)
 */
export type ThriftValue = boolean | number | Uint8Array | ThriftStruct | ThriftList;

export interface ThriftField {
  readonly id: number;
  readonly type: number;
  readonly value: ThriftValue;
}

export type ThriftStruct = readonly ThriftField[];

export interface ThriftList {
  readonly elementType: number;
  readonly values: readonly ThriftValue[];
}

export const THRIFT = {
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  struct: 12,
} as const;

/** Value of a field, or undefined. */
export const fieldOf = (struct: ThriftStruct, id: number): ThriftValue | undefined =>
  struct.find((f) => f.id === id)?.value;
export const numberOf = (struct: ThriftStruct, id: number): number => (fieldOf(struct, id) as number | undefined) ?? 0;
export const structOf = (struct: ThriftStruct, id: number): ThriftStruct =>
  (fieldOf(struct, id) as ThriftStruct | undefined) ?? [];
export const listOf = (struct: ThriftStruct, id: number): readonly ThriftValue[] =>
  (fieldOf(struct, id) as ThriftList | undefined)?.values ?? [];

/** Parses one struct from the start of `bytes`. Errors: InputError for bytes that are no thrift. */
export const readThrift = (bytes: Uint8Array): ThriftStruct => new ThriftReader(bytes).struct();

/**
 * Bytes of a struct; fields in the order given, which must be ascending by id as Parquet writers do. A struct inside
 * may be given as the bytes that this function made of it.
 */
export function writeThrift(root: ThriftStruct): Uint8Array {
  const writer = new ThriftWriter();
  writer.struct(root);
  return writer.written();
}

// Classes, not closures: V8 would compile the closures of every call anew, which took a tenth of a run's time.

class ThriftReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  struct(): ThriftStruct {
    const fields: ThriftField[] = [];
    for (let id = 0; ; ) {
      const head = this.#byte();
      const type = head & 15;
      if (type === 0) return fields;
      id = head >> 4 === 0 ? this.#zigzag() : id + (head >> 4);
      fields.push({ id, type, value: this.#value(type) });
    }
  }

  #bad(got: string): never {
    throw new InputError({
      expected: 'thrift compact data',
      got: `${got} at byte ${this.#at}`,
      fix: 'The file is damaged: restore it or make it again.',
    });
  }

  #byte(): number {
    return this.#at < this.#bytes.length ? this.#bytes[this.#at++] : this.#bad('its end');
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const b = this.#byte();
      value += (b & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) this.#bad('a number above 2^53');
      if (b < 128) return value;
    }
  }

  #zigzag(): number {
    const v = this.#varint();
    return v % 2 === 0 ? v / 2 : -(v + 1) / 2;
  }

  #take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) this.#bad(`a value of ${length} bytes`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #double(): number {
    const { buffer, byteOffset } = this.#take(8);
    return new DataView(buffer, byteOffset, 8).getFloat64(0, true);
  }

  #value(type: number): ThriftValue {
    switch (type) {
      case THRIFT.true:
      case THRIFT.false:
        return type === THRIFT.true;
      case THRIFT.byte:
        return this.#byte();
      case THRIFT.i16:
      case THRIFT.i32:
      case THRIFT.i64:
        return this.#zigzag();
      case THRIFT.double:
        return this.#double();
      case THRIFT.binary:
        return this.#take(this.#varint());
      case THRIFT.list:
      case THRIFT.set:
        return this.#list();
      case THRIFT.struct:
        return this.struct();
      default:
        return this.#bad(`type ${type}`);
    }
  }

  #list(): ThriftList {
    const head = this.#byte();
    const elementType = head & 15;
    const length = head >> 4 === 15 ? this.#varint() : head >> 4;
    if (length > this.#bytes.length - this.#at) this.#bad(`a list of ${length}`);
    const flags = elementType === THRIFT.true || elementType === THRIFT.false;
    const values: ThriftValue[] = [];
    for (let i = 0; i < length; i++) values.push(flags ? this.#byte() === THRIFT.true : this.#value(elementType));
    return { elementType, values };
  }
}

class ThriftWriter {
  #bytes = Buffer.allocUnsafe(1024);
  #at = 0;

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  struct(fields: ThriftStruct): void {
    let last = 0;
    for (const f of fields) {
      const delta = f.id - last;
      if (delta > 0 && delta < 16) {
        this.#byte((delta << 4) | f.type);
      } else {
        this.#byte(f.type);
        this.#zigzag(f.id);
      }
      last = f.id;
      this.#value(f.type, f.value);
    }
    this.#byte(0);
  }

  #room(n: number): void {
    if (this.#at + n <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + n));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }

  #byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  #varint(value: number): void {
    this.#room(10);
    let v = value;
    for (; v >= 128; v = Math.floor(v / 128)) this.#bytes[this.#at++] = (v % 128) | 128;
    this.#bytes[this.#at++] = v;
  }

  #zigzag(v: number): void {
    this.#varint(v >= 0 ? v * 2 : -v * 2 - 1);
  }

  #double(value: number): void {
    this.#room(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  #raw(v: Uint8Array): void {
    this.#room(v.length);
    this.#bytes.set(v, this.#at);
    this.#at += v.length;
  }

  #value(type: number, v: ThriftValue): void {
    if (type === THRIFT.byte) this.#byte(v as number);
    else if (type === THRIFT.i16 || type === THRIFT.i32 || type === THRIFT.i64) this.#zigzag(v as number);
    else if (type === THRIFT.double) this.#double(v as number);
    else if (type === THRIFT.binary) {
      this.#varint((v as Uint8Array).length);
      this.#raw(v as Uint8Array);
    } else if (type === THRIFT.list || type === THRIFT.set) this.#list(v as ThriftList);
    else if (type === THRIFT.struct && v instanceof Uint8Array) this.#raw(v);
    else if (type === THRIFT.struct) this.struct(v as ThriftStruct);
  }

  #list({ elementType, values }: ThriftList): void {
    this.#byte((Math.min(values.length, 15) << 4) | elementType);
    if (values.length >= 15) this.#varint(values.length);
    const flags = elementType === THRIFT.true || elementType === THRIFT.false;
    for (const v of values) {
      if (flags) this.#byte(v === true ? THRIFT.true : THRIFT.false);
      else this.#value(elementType, v);
    }
  }
}

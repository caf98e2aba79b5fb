import { InputError } from '../../errors.ts';

/**
 * Thrift compact protocol as a tree that keeps every field with its wire type, known or not, so that a Parquet footer can be changed in a
 * few places and written again with nothing lost. (Source: Apache Thrift compact protocol specification.)
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
export function readThrift(bytes: Uint8Array): ThriftStruct {
  let at = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bad = (came: string): never => {
    throw new InputError({
      expected: 'thrift compact data',
      came: `${came} at byte ${at}`,
      todo: 'The file is damaged: restore it or make it again.',
    });
  };
  const byte = (): number => (at < bytes.length ? bytes[at++] : bad('its end'));
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const b = byte();
      value += (b & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) bad('a number above 2^53');
      if (b < 128) return value;
    }
  };
  const zigzag = (): number => {
    const v = varint();
    return v % 2 === 0 ? v / 2 : -(v + 1) / 2;
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) bad(`a value of ${length} bytes`);
    at += length;
    return bytes.subarray(at - length, at);
  };
  const value = (type: number): ThriftValue => {
    switch (type) {
      case THRIFT.true:
      case THRIFT.false:
        return type === THRIFT.true;
      case THRIFT.byte:
        return byte();
      case THRIFT.i16:
      case THRIFT.i32:
      case THRIFT.i64:
        return zigzag();
      case THRIFT.double:
        take(8);
        return view.getFloat64(at - 8, true);
      case THRIFT.binary:
        return take(varint());
      case THRIFT.list:
      case THRIFT.set:
        return list();
      case THRIFT.struct:
        return struct();
      default:
        return bad(`type ${type}`);
    }
  };
  const list = (): ThriftList => {
    const head = byte();
    const elementType = head & 15;
    const length = head >> 4 === 15 ? varint() : head >> 4;
    if (length > bytes.length - at) bad(`a list of ${length}`);
    const flags = elementType === THRIFT.true || elementType === THRIFT.false;
    const values: ThriftValue[] = [];
    for (let i = 0; i < length; i++) values.push(flags ? byte() === THRIFT.true : value(elementType));
    return { elementType, values };
  };
  const struct = (): ThriftStruct => {
    const fields: ThriftField[] = [];
    for (let id = 0; ; ) {
      const head = byte();
      const type = head & 15;
      if (type === 0) return fields;
      id = head >> 4 === 0 ? zigzag() : id + (head >> 4);
      fields.push({ id, type, value: value(type) });
    }
  };
  return struct();
}

/**
 * Bytes of a struct; fields in the order given, which must be ascending by id as Parquet writers do. A struct inside may be given as the
 * bytes that this function made of it.
 */
export function writeThrift(root: ThriftStruct): Uint8Array {
  let bytes = Buffer.alloc(4096);
  let at = 0;
  const room = (n: number): void => {
    if (at + n <= bytes.length) return;
    const grown = Buffer.alloc(Math.max(bytes.length * 2, at + n));
    grown.set(bytes.subarray(0, at));
    bytes = grown;
  };
  const varint = (value: number): void => {
    room(10);
    let v = value;
    for (; v >= 128; v = Math.floor(v / 128)) bytes[at++] = (v % 128) | 128;
    bytes[at++] = v;
  };
  const zigzag = (v: number): void => varint(v >= 0 ? v * 2 : -v * 2 - 1);
  const value = (type: number, v: ThriftValue): void => {
    room(16);
    if (type === THRIFT.byte) bytes[at++] = v as number;
    else if (type === THRIFT.i16 || type === THRIFT.i32 || type === THRIFT.i64) zigzag(v as number);
    else if (type === THRIFT.double) at = bytes.writeDoubleLE(v as number, at);
    else if (type === THRIFT.binary) binary(v as Uint8Array);
    else if (type === THRIFT.list || type === THRIFT.set) list(v as ThriftList);
    else if (type === THRIFT.struct && v instanceof Uint8Array) raw(v);
    else if (type === THRIFT.struct) struct(v as ThriftStruct);
  };
  const raw = (v: Uint8Array): void => {
    room(v.length);
    bytes.set(v, at);
    at += v.length;
  };
  const binary = (v: Uint8Array): void => {
    varint(v.length);
    raw(v);
  };
  const list = ({ elementType, values }: ThriftList): void => {
    bytes[at++] = (Math.min(values.length, 15) << 4) | elementType;
    if (values.length >= 15) varint(values.length);
    const flags = elementType === THRIFT.true || elementType === THRIFT.false;
    for (const v of values) {
      if (flags) value(THRIFT.byte, v === true ? THRIFT.true : THRIFT.false);
      else value(elementType, v);
    }
  };
  const struct = (fields: ThriftStruct): void => {
    let last = 0;
    for (const f of fields) {
      room(16);
      const delta = f.id - last;
      if (delta > 0 && delta < 16) {
        bytes[at++] = (delta << 4) | f.type;
      } else {
        bytes[at++] = f.type;
        zigzag(f.id);
      }
      last = f.id;
      value(f.type, f.value);
    }
    room(1);
    bytes[at++] = 0;
  };
  struct(root);
  return bytes.subarray(0, at);
}

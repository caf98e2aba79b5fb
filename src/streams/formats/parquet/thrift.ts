/** A struct of Thrift's compact protocol by the numbers of its fields: numbers, truth values and structs; no others. */
export type ThriftStruct = ReadonlyMap<number, number | boolean | ThriftStruct>;

/** Reads a struct at `from`; returns it and the byte after it. Throws a RangeError past the end of the bytes. */
export function readThrift(bytes: Uint8Array, from: number): { struct: ThriftStruct; end: number } {
  let at = from;
  const byte = (): number => {
    if (at >= bytes.length) throw new RangeError('expected more of a Thrift struct');
    return bytes[at++];
  };
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const b = byte();
      value += (b & 127) * scale;
      if (b < 128) return value;
      if (scale > 2 ** 63) throw new Error('expected a number of Thrift, got damage');
    }
  };
  const zigzag = (): number => {
    const n = varint();
    return n % 2 === 0 ? n / 2 : -(n + 1) / 2;
  };
  const skip = (count: number): void => {
    if (at + count > bytes.length) throw new RangeError('expected more of a Thrift struct');
    at += count;
  };
  const element = (type: number, depth: number): number | boolean | ThriftStruct | null => {
    switch (type) {
      case 1:
      case 2:
        return type === 1;
      case 3:
        return (byte() << 24) >> 24;
      case 4:
      case 5:
      case 6:
        return zigzag();
      case 7:
        skip(8);
        return null;
      case 8:
        skip(varint());
        return null;
      case 9:
      case 10: {
        const head = byte();
        const size = head >> 4 === 15 ? varint() : head >> 4;
        // Truth values in lists take a byte each.
        for (let i = 0; i < size; i++) (head & 15) <= 2 ? byte() : element(head & 15, depth);
        return null;
      }
      case 12:
        return struct(depth + 1);
      default:
        throw new Error(`expected a type of Thrift, got ${type}`);
    }
  };
  const struct = (depth: number): ThriftStruct => {
    if (depth > 16) throw new Error('expected a flat Thrift struct, got a deep one');
    const fields = new Map<number, number | boolean | ThriftStruct>();
    let id = 0;
    for (;;) {
      const head = byte();
      if ((head & 15) === 0) return fields;
      id = head >> 4 === 0 ? zigzag() : id + (head >> 4);
      const value = element(head & 15, depth);
      if (value !== null) fields.set(id, value);
    }
  };
  return { struct: struct(0), end: at };
}

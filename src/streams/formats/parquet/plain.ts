import { type Cursor, type PhysicalType, type RawValues, short } from './cursor.ts';

/** Values one after the other (PLAIN). */
export function plainCursor(bytes: Uint8Array, type: PhysicalType, typeLength: number): Cursor<RawValues> {
  let at = 0;
  if (type === 'BOOLEAN') {
    return {
      take(count) {
        const out = new Uint8Array(count);
        if (at + count > 8 * bytes.length) throw short('truth values');
        for (let i = 0; i < count; i++, at++) out[i] = (bytes[at >> 3] >> (at & 7)) & 1;
        return out;
      },
    };
  }
  if (type === 'BYTE_ARRAY') {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const pass = (): void => {
      if (at + 4 > bytes.length) throw short('the length of a value');
      at += 4 + view.getUint32(at, true);
      if (at > bytes.length) throw short('a value');
    };
    return {
      take(count) {
        const out: Uint8Array[] = new Array(count);
        for (let i = 0; i < count; i++) {
          const start = at + 4;
          pass();
          out[i] = bytes.subarray(start, at);
        }
        return out;
      },
      skip(count) {
        for (let i = 0; i < count; i++) pass();
      },
    };
  }
  const width = widthOf(type, typeLength);
  return {
    take(count) {
      if (at + count * width > bytes.length) throw short('values');
      const part = bytes.subarray(at, at + count * width);
      at += count * width;
      return fixedValues(part, type, width, count);
    },
    skip(count) {
      if (at + count * width > bytes.length) throw short('values');
      at += count * width;
    },
  };
}

function widthOf(type: PhysicalType, typeLength: number): number {
  switch (type) {
    case 'INT32':
    case 'FLOAT':
      return 4;
    case 'INT64':
    case 'DOUBLE':
      return 8;
    case 'INT96':
      return 12;
    case 'FIXED_LEN_BYTE_ARRAY':
      if (!(typeLength > 0)) throw new Error(`expected values of a length, got ${typeLength}`);
      return typeLength;
    default:
      throw new Error(`expected values of one width, got ${type}`);
  }
}

function fixedValues(bytes: Uint8Array, type: PhysicalType, width: number, count: number): RawValues {
  if (type === 'INT96' || type === 'FIXED_LEN_BYTE_ARRAY')
    return Array.from({ length: count }, (_, i) => bytes.subarray(i * width, (i + 1) * width));
  // A Buffer's own `slice` would be a view.
  const { buffer } = Uint8Array.from(bytes);
  if (type === 'INT32') return new Int32Array(buffer);
  if (type === 'INT64') return new BigInt64Array(buffer);
  return type === 'FLOAT' ? new Float32Array(buffer) : new Float64Array(buffer);
}

/** The first bytes of all values, the second bytes, and so on (BYTE_STREAM_SPLIT). */
export function streamSplitCursor(
  bytes: Uint8Array,
  type: PhysicalType,
  typeLength: number,
  all: number,
): Cursor<RawValues> {
  const width = widthOf(type, typeLength);
  let done = 0;
  return {
    take(count) {
      if (done + count > all || all * width > bytes.length) throw short('values');
      const out = new Uint8Array(count * width);
      for (let b = 0; b < width; b++) for (let i = 0; i < count; i++) out[i * width + b] = bytes[b * all + done + i];
      done += count;
      return fixedValues(out, type, width, count);
    },
  };
}

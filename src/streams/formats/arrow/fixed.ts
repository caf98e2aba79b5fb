import {
  bigEndian,
  dateText,
  decimalDigits,
  durationText,
  float16,
  intervalText,
  timestampText,
  timeText,
  uuidText,
} from '../values/times.ts';
import type { Value } from '../values/value.ts';
import { damage } from './flat.ts';
import type { ArrowType } from './schema.ts';

/** Values of a column by row. */
export type At = (row: number) => Value;

type Integers = ArrayLike<number> | ArrayLike<bigint>;

/** Whole numbers of a buffer; throws where there are fewer than `length`. */
export function integers(
  { bits, signed }: Extract<ArrowType, { kind: 'int' }>,
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
): Integers {
  if (bytes.length * 8 < length * bits) throw damage('a value for every row');
  const [buffer, at] = [bytes.buffer, bytes.byteOffset];
  switch (bits) {
    case 8:
      return signed ? new Int8Array(buffer, at, length) : new Uint8Array(buffer, at, length);
    case 16:
      return signed ? new Int16Array(buffer, at, length) : new Uint16Array(buffer, at, length);
    case 32:
      return signed ? new Int32Array(buffer, at, length) : new Uint32Array(buffer, at, length);
    case 64:
      return signed ? new BigInt64Array(buffer, at, length) : new BigUint64Array(buffer, at, length);
    default:
      throw new Error(`expected integers of 8, 16, 32 or 64 bits, got a type of ${bits} bits, which is not read`);
  }
}

type FixedType = Extract<
  ArrowType,
  {
    kind:
      | 'int'
      | 'float'
      | 'bool'
      | 'fixed_bytes'
      | 'decimal'
      | 'date'
      | 'time'
      | 'timestamp'
      | 'duration'
      | 'interval';
  }
>;

/** Values of one width. */
export function fixed(type: FixedType, bytes: Uint8Array<ArrayBuffer>, length: number): At {
  const ints = (bits: number, signed = true): Integers => integers({ kind: 'int', bits, signed }, bytes, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const wide = (width: number): void => {
    if (bytes.length < width * length) throw damage('a value for every row');
  };
  switch (type.kind) {
    case 'bool':
      wide(1 / 8);
      return (row) => (bytes[row >> 3] & (1 << (row & 7))) !== 0;
    case 'int': {
      const values = ints(type.bits, type.signed);
      return type.boolean ? (row) => Number(values[row]) !== 0 : (row) => values[row];
    }
    case 'float': {
      wide(type.bits / 8);
      if (type.bits === 16) return (row) => float16(view.getUint16(2 * row, true));
      return type.bits === 32 ? (row) => view.getFloat32(4 * row, true) : (row) => view.getFloat64(8 * row, true);
    }
    case 'fixed_bytes': {
      const { width, uuid } = type;
      if (width < 0) throw damage('a width');
      wide(width);
      const at = (row: number): Uint8Array => bytes.subarray(row * width, (row + 1) * width);
      return uuid && width === 16 ? (row) => uuidText(at(row)) : at;
    }
    case 'decimal': {
      const width = type.bits / 8;
      wide(width);
      return (row) => decimalDigits(bigEndian(bytes.slice(row * width, (row + 1) * width).reverse()), type.scale);
    }
    case 'date': {
      const values = ints(type.days ? 32 : 64);
      const each = type.days ? 1 : 86_400_000;
      return (row) => dateText(Math.floor(Number(values[row]) / each));
    }
    case 'time': {
      const values = ints(type.bits);
      return (row) => timeText(BigInt(values[row]), type.unit);
    }
    case 'timestamp': {
      const values = ints(64);
      return (row) => timestampText(BigInt(values[row]), type.unit, type.utc);
    }
    case 'duration': {
      const values = ints(64);
      return (row) => durationText(BigInt(values[row]), type.unit);
    }
    case 'interval':
      return intervals(type.unit, view, wide);
  }
}

function intervals(
  unit: Extract<ArrowType, { kind: 'interval' }>['unit'],
  view: DataView,
  wide: (n: number) => void,
): At {
  const int32 = (at: number): number => view.getInt32(at, true);
  switch (unit) {
    case 'months':
      wide(4);
      return (row) => intervalText(int32(4 * row), 0, 0n);
    case 'days_ms':
      wide(8);
      return (row) => intervalText(0, int32(8 * row), BigInt(int32(8 * row + 4)) * 1_000_000n);
    case 'months_days_ns':
      wide(16);
      return (row) => intervalText(int32(16 * row), int32(16 * row + 4), view.getBigInt64(16 * row + 8, true));
  }
}

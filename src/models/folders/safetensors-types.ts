import { InputError } from '../../errors.ts';

/** Bytes of one element of every type of the format. */
export const TYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

/** Types that are read as float32. */
export const FLOAT_TYPES: ReadonlySet<string> = new Set(['F32', 'BF16', 'F16', 'F64']);
/** Types that are read as int32. */
export const INTEGER_TYPES: ReadonlySet<string> = new Set(['I64', 'I32', 'I16', 'I8', 'U8', 'BOOL']);

/** Types that weights can be written in. */
export type WeightType = 'F32' | 'BF16' | 'F16';

/** The numbers of a tensor; `raw` is a buffer of its own, of the right length for the type, little-endian. */
export function numbersOf(dtype: string, raw: Buffer<ArrayBuffer>, where: string): Float32Array | Int32Array {
  const { buffer } = raw;
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F64':
      return Float32Array.from(new Float64Array(buffer));
    case 'BF16':
      return fromBfloat16(new Uint16Array(buffer));
    case 'F16':
      return fromFloat16(new Uint16Array(buffer));
    case 'I64':
      return Int32Array.from(new BigInt64Array(buffer), (v) => {
        if (v !== BigInt.asIntN(32, v))
          throw new InputError({ expected: 'integers of at most 32 bits', got: `${v}`, where });
        return Number(v);
      });
    case 'I32':
      return new Int32Array(buffer);
    case 'I16':
      return Int32Array.from(new Int16Array(buffer));
    case 'I8':
      return Int32Array.from(new Int8Array(buffer));
    default:
      return Int32Array.from(new Uint8Array(buffer));
  }
}

function fromBfloat16(source: Uint16Array): Float32Array {
  const bits = new Uint32Array(source.length);
  for (let i = 0; i < source.length; i++) bits[i] = source[i] << 16;
  return new Float32Array(bits.buffer);
}

let halves: Float32Array | null = null;

function fromFloat16(source: Uint16Array): Float32Array {
  halves ??= Float32Array.from({ length: 65_536 }, (_, h) => halfToNumber(h));
  const out = new Float32Array(source.length);
  for (let i = 0; i < source.length; i++) out[i] = halves[source[i]];
  return out;
}

function halfToNumber(h: number): number {
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  const sign = h >> 15 ? -1 : 1;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** The bytes of float32 numbers as another type, rounded to nearest, ties to even. */
export function weightBytes(data: Float32Array, dtype: WeightType): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const out = Uint16Array.from(data, dtype === 'BF16' ? toBfloat16 : toFloat16);
  return new Uint8Array(out.buffer);
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

function toBfloat16(x: number): number {
  scratch[0] = x;
  const bits = scratchBits[0];
  if (Number.isNaN(x)) return 0x7fc0;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function toFloat16(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (a >= 65_520) return sign | 0x7c00;
  // The unit in the last place at this magnitude; a rounds to a multiple of it, and a carry runs into the exponent.
  const exponent = Math.max(-14, Math.floor(Math.log2(a || 2 ** -14)));
  const steps = roundHalfEven(a / 2 ** (exponent - 10));
  return sign | (exponent === -14 ? steps : ((exponent + 14) << 10) + steps);
}

function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}

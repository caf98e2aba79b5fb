/** Values of a page, one run after the other; what is not asked for yet is not decoded. */
export interface Cursor<T> {
  /** The next `count` values. Throws when there are fewer. */
  take(count: number): T;
}

/** Raw values of a leaf column, by its physical type. */
export type RawValues = Uint8Array | Int32Array | BigInt64Array | Float32Array | Float64Array | readonly Uint8Array[];

export type PhysicalType =
  | 'BOOLEAN'
  | 'INT32'
  | 'INT64'
  | 'INT96'
  | 'FLOAT'
  | 'DOUBLE'
  | 'BYTE_ARRAY'
  | 'FIXED_LEN_BYTE_ARRAY';

const short = (what: string): Error => new Error(`expected ${what} in a page, got its end`);

/** Numbers in runs, packed bit by bit or as one that repeats (RLE / bit-packing hybrid). */
export class HybridCursor implements Cursor<Int32Array> {
  #bytes: Uint8Array;
  #at = 0;
  #width: number;
  /** Of the run at hand: values left, and its value; or packed bits. */
  #left = 0;
  #packed = false;
  #value = 0;
  #bit = 0;

  constructor(bytes: Uint8Array, width: number) {
    if (width > 32) throw new Error(`expected numbers of at most 32 bits, got ${width}`);
    this.#bytes = bytes;
    this.#width = width;
  }

  #open(): void {
    let header = 0;
    for (let scale = 1; ; scale *= 128) {
      if (this.#at >= this.#bytes.length) throw short('another run');
      const b = this.#bytes[this.#at++];
      header += (b & 127) * scale;
      if (b < 128) break;
      if (scale > 2 ** 35) throw new Error('expected a run, got damage');
    }
    this.#packed = header % 2 === 1;
    const n = Math.floor(header / 2);
    this.#left = this.#packed ? 8 * n : n;
    if (this.#packed) {
      this.#bit = 8 * this.#at;
      // The last run may be cut where its values end.
      this.#at = Math.min(this.#bytes.length, this.#at + n * this.#width);
      return;
    }
    const width = (this.#width + 7) >> 3;
    if (this.#at + width > this.#bytes.length) throw short('the value of a run');
    this.#value = 0;
    for (let i = 0; i < width; i++) this.#value |= this.#bytes[this.#at++] << (8 * i);
  }

  take(count: number): Int32Array {
    const out = new Int32Array(count);
    for (let done = 0; done < count; ) {
      while (this.#left === 0) this.#open();
      const n = Math.min(this.#left, count - done);
      if (this.#packed) this.#unpack(out, done, n);
      else if (this.#value !== 0) out.fill(this.#value, done, done + n);
      this.#left -= n;
      done += n;
    }
    return out;
  }

  #unpack(out: Int32Array, from: number, count: number): void {
    const [bytes, width] = [this.#bytes, this.#width];
    let bit = this.#bit;
    if (bit + count * width > 8 * bytes.length) throw short('bits');
    if (width === 1) {
      for (let i = 0; i < count; i++, bit++) out[from + i] = (bytes[bit >> 3] >> (bit & 7)) & 1;
    } else if (width <= 24) {
      const mask = 2 ** width - 1;
      for (let i = 0; i < count; i++, bit += width) {
        const b = Math.floor(bit / 8);
        const word = bytes[b] | (bytes[b + 1] << 8) | (bytes[b + 2] << 16) | (bytes[b + 3] << 24);
        out[from + i] = (word >>> (bit & 7)) & mask;
      }
    } else {
      for (let i = 0; i < count; i++, bit += width) out[from + i] = Number(bitsAt(bytes, bit, width));
    }
    this.#bit = bit;
  }
}

/** Up to 64 bits, the lowest first. */
function bitsAt(bytes: Uint8Array, bit: number, width: number): bigint {
  let value = 0n;
  for (let done = 0; done < width; ) {
    const b = bytes[Math.floor((bit + done) / 8)] ?? 0;
    const from = (bit + done) % 8;
    const n = Math.min(8 - from, width - done);
    value |= BigInt((b >> from) & ((1 << n) - 1)) << BigInt(done);
    done += n;
  }
  return value;
}

/** Levels as format version 1 had them: bits, the highest first. */
export function bitPackedLevels(bytes: Uint8Array, width: number): Cursor<Int32Array> {
  let bit = 0;
  return {
    take(count) {
      const out = new Int32Array(count);
      if (bit + count * width > 8 * bytes.length) throw short('levels');
      for (let i = 0; i < count; i++)
        for (let k = 0; k < width; k++, bit++) out[i] = (out[i] << 1) | ((bytes[bit >> 3] >> (7 - (bit & 7))) & 1);
      return out;
    },
  };
}

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
    return {
      take(count) {
        const out: Uint8Array[] = new Array(count);
        for (let i = 0; i < count; i++) {
          if (at + 4 > bytes.length) throw short('the length of a value');
          const length = view.getUint32(at, true);
          if (at + 4 + length > bytes.length) throw short('a value');
          out[i] = bytes.subarray(at + 4, at + 4 + length);
          at += 4 + length;
        }
        return out;
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

/** Differences in blocks (DELTA_BINARY_PACKED); `end()` is the byte after them, once all were taken. */
export class DeltaCursor implements Cursor<BigInt64Array> {
  #bytes: Uint8Array;
  #at: number;
  #perMini: number;
  #minis: number;
  #left: number;
  #value: bigint;
  #first = true;
  #wrap: 32 | 64;
  /** Of the block at hand. */
  #least = 0n;
  #widths: number[] = [];
  #mini = 0;
  #inMini = 0;

  constructor(bytes: Uint8Array, at: number, wrap: 32 | 64) {
    this.#bytes = bytes;
    this.#at = at;
    this.#wrap = wrap;
    const block = Number(this.#varint());
    this.#minis = Number(this.#varint());
    this.#left = Number(this.#varint());
    this.#value = this.#zigzag();
    this.#perMini = block / this.#minis;
    if (!(Number.isInteger(this.#perMini) && this.#perMini > 0 && this.#perMini <= 2 ** 20))
      throw new Error('expected blocks of differences, got damage');
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.#at >= this.#bytes.length) throw short('a number');
      const b = this.#bytes[this.#at++];
      value |= BigInt(b & 127) << shift;
      if (b < 128) return value;
    }
    throw new Error('expected a number, got damage');
  }

  #zigzag(): bigint {
    const n = this.#varint();
    return (n >> 1n) ^ -(n & 1n);
  }

  get length(): number {
    return this.#left;
  }

  take(count: number): BigInt64Array {
    if (count > this.#left) throw short('values');
    const out = new BigInt64Array(count);
    for (let i = 0; i < count; i++) out[i] = this.#next();
    this.#left -= count;
    return out;
  }

  #next(): bigint {
    if (this.#first) {
      this.#first = false;
      this.#mini = this.#minis;
      return this.#value;
    }
    if (this.#inMini === this.#perMini) {
      this.#leaveMini();
      this.#mini++;
    }
    if (this.#mini >= this.#minis) {
      this.#least = this.#zigzag();
      if (this.#at + this.#minis > this.#bytes.length) throw short('a block of differences');
      this.#widths = [...this.#bytes.subarray(this.#at, this.#at + this.#minis)];
      this.#at += this.#minis;
      this.#mini = this.#inMini = 0;
    }
    const width = this.#widths[this.#mini];
    if (width > 64) throw new Error('expected differences of at most 64 bits, got damage');
    const bits = width === 0 ? 0n : bitsAt(this.#bytes, 8 * this.#at + this.#inMini * width, width);
    this.#inMini++;
    this.#value = BigInt.asIntN(this.#wrap, this.#value + this.#least + bits);
    return this.#value;
  }

  #leaveMini(): void {
    this.#at += (this.#perMini * this.#widths[this.#mini]) / 8;
    this.#inMini = 0;
  }

  /** The byte after the last block. */
  end(): number {
    if (this.#inMini > 0) this.#leaveMini();
    return this.#at;
  }
}

/** Lengths first, then all bytes (DELTA_LENGTH_BYTE_ARRAY). */
export function deltaLengthCursor(bytes: Uint8Array, from = 0): Cursor<Uint8Array[]> {
  const delta = new DeltaCursor(bytes, from, 32);
  const lengths = delta.take(delta.length);
  let at = delta.end();
  let done = 0;
  return {
    take(count) {
      if (done + count > lengths.length) throw short('values');
      return Array.from({ length: count }, () => {
        const length = Number(lengths[done++]);
        if (length < 0 || at + length > bytes.length) throw short('a value');
        at += length;
        return bytes.subarray(at - length, at);
      });
    },
  };
}

/** What a value shares with the one before it, then the rest (DELTA_BYTE_ARRAY). */
export function deltaBytesCursor(bytes: Uint8Array): Cursor<Uint8Array[]> {
  const delta = new DeltaCursor(bytes, 0, 32);
  const prefixes = delta.take(delta.length);
  const suffixes = deltaLengthCursor(bytes, delta.end());
  let done = 0;
  let last: Uint8Array = new Uint8Array(0);
  return {
    take(count) {
      return suffixes.take(count).map((suffix) => {
        const shared = Number(prefixes[done++]);
        if (shared < 0 || shared > last.length) throw short('the value before');
        const value = new Uint8Array(shared + suffix.length);
        value.set(last.subarray(0, shared));
        value.set(suffix, shared);
        last = value;
        return value;
      });
    },
  };
}

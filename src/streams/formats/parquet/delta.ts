import { type Cursor, short } from './cursor.ts';
import { bitsAt } from './runs.ts';

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

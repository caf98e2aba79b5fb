import { type Cursor, short } from './cursor.ts';

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

  skip(count: number): void {
    for (let done = 0; done < count; ) {
      while (this.#left === 0) this.#open();
      const n = Math.min(this.#left, count - done);
      if (this.#packed) this.#bit += n * this.#width;
      this.#left -= n;
      done += n;
    }
    if (this.#packed && this.#bit > 8 * this.#bytes.length) throw short('bits');
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
export function bitsAt(bytes: Uint8Array, bit: number, width: number): bigint {
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

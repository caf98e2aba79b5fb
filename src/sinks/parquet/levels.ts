/** Bytes that grow; what pages are built in, used again from page to page. */
export class ByteBuffer {
  bytes: Buffer = Buffer.alloc(64 * 1024);
  length = 0;

  room(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = Buffer.alloc(Math.max(this.length + count, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  put(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  uint32(value: number): void {
    this.room(4);
    this.length = this.bytes.writeUInt32LE(value, this.length);
  }

  varint(value: number): void {
    this.room(5);
    let v = value;
    for (; v >= 128; v >>>= 7) this.bytes[this.length++] = (v & 127) | 128;
    this.bytes[this.length++] = v;
  }

  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Empties it; a buffer above `keepBytes` is let go. */
  clear(keepBytes: number): void {
    this.length = 0;
    if (this.bytes.length > keepBytes) this.bytes = Buffer.alloc(64 * 1024);
  }
}

/** Bits that hold every number up to `max`. */
export const bitWidth = (max: number): number => 32 - Math.clz32(max);

/** Equal numbers in a row from which on a run is shorter than packed bits. */
const RUN = 8;

/**
 * Parquet's hybrid of run lengths and packed bits for small numbers (levels, dictionary indexes).
 * Packed parts always hold a multiple of 8 numbers, as the format asks; only the last may be filled up with zeros.
 */
export function hybrid(values: ArrayLike<number>, from: number, to: number, width: number, out: ByteBuffer): void {
  const bytesOfValue = (width + 7) >> 3;
  let packedFrom = from;
  let i = from;
  while (i < to) {
    let end = i + 1;
    while (end < to && values[end] === values[i]) end++;
    // A run may begin only where the packed numbers before it fill whole groups of 8: it lends them its first ones.
    const lend = (8 - ((i - packedFrom) & 7)) & 7;
    if (end - i - lend >= RUN) {
      packed(values, packedFrom, i + lend, width, out);
      out.varint((end - i - lend) * 2);
      out.room(bytesOfValue);
      for (let b = 0; b < bytesOfValue; b++) out.bytes[out.length++] = (values[i] >>> (8 * b)) & 255;
      packedFrom = end;
    }
    i = end;
  }
  packed(values, packedFrom, to, width, out);
}

function packed(values: ArrayLike<number>, from: number, to: number, width: number, out: ByteBuffer): void {
  if (from === to) return;
  const groups = (to - from + 7) >> 3;
  out.varint(groups * 2 + 1);
  out.room(groups * width);
  let bits = 0;
  let count = 0;
  for (let k = 0; k < groups * 8; k++) {
    bits |= (from + k < to ? values[from + k] : 0) << count;
    count += width;
    for (; count >= 8; count -= 8, bits >>>= 8) out.bytes[out.length++] = bits & 255;
  }
}

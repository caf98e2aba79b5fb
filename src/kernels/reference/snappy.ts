/**
 * Snappy, the raw format that Parquet uses: literals and back references inside blocks of 64 KB, found greedily with a
 * hash table of 4-byte prefixes. (Source: Google's snappy format description.)
 */
const BLOCK = 65536;
const TABLE_BITS = 14;
const table = new Uint16Array(1 << TABLE_BITS);

let out: Buffer = Buffer.alloc(0);

/** The compressed bytes, in a buffer of their own. */
export function referenceSnappy(bytes: Uint8Array): Uint8Array {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const bound = 32 + input.length + Math.ceil(input.length / 6);
  if (out.length < bound) out = Buffer.alloc(bound);
  let at = 0;
  let n = input.length;
  for (; n >= 128; n >>>= 7) out[at++] = (n & 127) | 128;
  out[at++] = n;
  for (let start = 0; start < input.length; start += BLOCK)
    at = block(input, start, Math.min(input.length, start + BLOCK), at);
  const result = Uint8Array.prototype.slice.call(out, 0, at);
  if (out.length > 8 * 1024 * 1024) out = Buffer.alloc(0);
  return result;
}

/** Bytes at the end of a block that are always literal, so that 4-byte reads stay inside. */
const MARGIN = 15;

function block(input: Buffer, start: number, end: number, outAt: number): number {
  table.fill(0);
  const shift = 32 - TABLE_BITS;
  const target = out;
  let at = outAt;
  let literal = start;
  let i = start + 1;
  const limit = end - MARGIN;
  let misses = 32;
  while (i < limit) {
    const word = input[i] | (input[i + 1] << 8) | (input[i + 2] << 16) | (input[i + 3] << 24);
    const slot = Math.imul(word, 0x1e35a7bd) >>> shift;
    const candidate = start + table[slot];
    table[slot] = i - start;
    if (
      candidate >= i ||
      word !==
        (input[candidate] | (input[candidate + 1] << 8) | (input[candidate + 2] << 16) | (input[candidate + 3] << 24))
    ) {
      // Where nothing repeats, look less often.
      i += misses++ >> 5;
      continue;
    }
    misses = 32;
    at = putLiteral(input, literal, i, at, target);
    let length = 4;
    while (i + length < end && input[candidate + length] === input[i + length]) length++;
    at = putCopy(i - candidate, length, at, target);
    i += length;
    literal = i;
  }
  return putLiteral(input, literal, end, at, target);
}

function putLiteral(input: Buffer, from: number, to: number, outAt: number, target: Buffer): number {
  const length = to - from;
  if (length === 0) return outAt;
  let at = outAt;
  const n = length - 1;
  if (n < 60) {
    target[at++] = n << 2;
  } else if (n < 256) {
    target[at++] = 60 << 2;
    target[at++] = n;
  } else {
    target[at++] = 61 << 2;
    target[at++] = n & 255;
    target[at++] = n >> 8;
  }
  if (length < 48) for (let k = from; k < to; k++) target[at++] = input[k];
  else at += input.copy(target, at, from, to);
  return at;
}

function putCopy(offset: number, total: number, outAt: number, target: Buffer): number {
  let at = outAt;
  let length = total;
  // A rest of less than 4 after a copy of 64 could not use the short form.
  while (length >= 68) {
    at = copy2(offset, 64, at, target);
    length -= 64;
  }
  if (length > 64) {
    at = copy2(offset, 60, at, target);
    length -= 60;
  }
  if (length < 12 && offset < 2048) {
    target[at++] = ((offset >> 8) << 5) | ((length - 4) << 2) | 1;
    target[at++] = offset & 255;
    return at;
  }
  return copy2(offset, length, at, target);
}

function copy2(offset: number, length: number, at: number, target: Buffer): number {
  target[at] = ((length - 1) << 2) | 2;
  target[at + 1] = offset & 255;
  target[at + 2] = offset >> 8;
  return at + 3;
}

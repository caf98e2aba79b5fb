// The literals section of a zstd block: raw, one byte repeated, or Huffman codes in one or four streams (RFC 8878,
// sections 3.1.1.3.1, 4.2).
import { buildFse, readCounts } from './fse';

const BLOCK_BYTES: usize = 128 * 1024;
const MAX_BITS: u32 = 11;

/** Symbol u8, bits u8 for every MAX_BITS-bit (or shorter) prefix. */
const codes = memory.data(2 * 2048);
let codeBits: u32 = 0;
const weights = memory.data(256);
const ranks = memory.data(4 * 16);
const counts = memory.data(2 * 16);
const states = memory.data(4 * 64);

let buffer: usize = 0;
/** The literals of the block. */
export let literalsAt: usize = 0;
export let literalsEnd: usize = 0;

/** Where literals are unpacked to: 128 KB and 64 bytes. */
export function literalsBuffer(at: usize): void {
  buffer = at;
}

/** Forgets the Huffman codes of the frame before. */
export function forgetCodes(): void {
  codeBits = 0;
}

/** Reads the literals section at `p`; returns one past it, or 0. */
export function readLiterals(p: usize, end: usize): usize {
  if (p >= end) return 0;
  const head: u32 = load<u8>(p);
  const type = head & 3;
  const format = (head >> 2) & 3;
  if (type < 2) {
    let size: usize;
    let header: usize;
    if ((format & 1) == 0) {
      size = head >> 3;
      header = 1;
    } else if (format == 1) {
      size = <usize>(<u32>load<u16>(p) >> 4);
      header = 2;
    } else {
      size = <usize>((load<u32>(p) & 0xffffff) >> 4);
      header = 3;
    }
    p += header;
    if (size > BLOCK_BYTES) return 0;
    if (type == 0) {
      if (p > end || size > end - p) return 0;
      literalsAt = p;
      literalsEnd = p + size;
      return p + size;
    }
    if (p >= end) return 0;
    memory.fill(buffer, load<u8>(p), size);
    literalsAt = buffer;
    literalsEnd = buffer + size;
    return p + 1;
  }
  const wide = load<u64>(p);
  let size: usize;
  let packed: usize;
  if (format < 2) {
    size = <usize>((wide >> 4) & 0x3ff);
    packed = <usize>((wide >> 14) & 0x3ff);
    p += 3;
  } else if (format == 2) {
    size = <usize>((wide >> 4) & 0x3fff);
    packed = <usize>((wide >> 18) & 0x3fff);
    p += 4;
  } else {
    size = <usize>((wide >> 4) & 0x3ffff);
    packed = <usize>((wide >> 22) & 0x3ffff);
    p += 5;
  }
  if (p > end || packed > end - p || size > BLOCK_BYTES) return 0;
  const stop = p + packed;
  if (type == 2) {
    p = readCodes(p, stop);
    if (p == 0) return 0;
  } else if (codeBits == 0) return 0;
  literalsAt = buffer;
  literalsEnd = buffer + size;
  const good = format == 0 ? oneStream(p, stop, buffer, literalsEnd) : fourStreams(p, stop, size);
  return good ? stop : 0;
}

/** Reads the description of the Huffman codes at `p`; returns one past it, or 0. */
export function readCodes(p: usize, end: usize): usize {
  if (p >= end) return 0;
  const head: usize = load<u8>(p++);
  let symbols: u32 = 0;
  codeBits = 0;
  if (head >= 128) {
    symbols = <u32>head - 127;
    const bytes = (<usize>symbols + 1) >> 1;
    if (bytes > end - p) return 0;
    for (let i: usize = 0; i < <usize>symbols; i++) {
      const b: u32 = load<u8>(p + (i >> 1));
      store<u8>(weights + i, <u8>(i & 1 ? b & 15 : b >> 4));
    }
    p += bytes;
  } else {
    if (head > end - p) return 0;
    symbols = readWeights(p, p + head);
    if (symbols == 0) return 0;
    p += head;
  }
  return buildCodes(symbols) ? p : 0;
}

/** Weights packed by FSE: two states that take turns, until the bits are used up. */
function readWeights(p: usize, end: usize): u32 {
  const read = readCounts(p, end, counts, 13, 6);
  if (read == 0) return 0;
  const log = read & 0xff;
  p += <usize>(read >> 16);
  if (p >= end || !buildFse(counts, (read >> 8) & 0xff, log, states)) return 0;
  const last: u32 = load<u8>(end - 1);
  if (last == 0) return 0;
  let at: i32 = <i32>(((end - 1 - p) << 3) + (31 - clz(last)));
  at -= <i32>log;
  let a: usize = bitsAt(p, at, log);
  at -= <i32>log;
  let b: usize = bitsAt(p, at, log);
  if (at < 0) return 0;
  let symbols: usize = 0;
  while (symbols < 254) {
    const ea = states + (a << 2);
    store<u8>(weights + symbols++, load<u8>(ea));
    at -= <i32>load<u8>(ea, 1);
    if (at < 0) {
      store<u8>(weights + symbols++, load<u8>(states + (b << 2)));
      return <u32>symbols;
    }
    a = <usize>load<u16>(ea, 2) + bitsAt(p, at, load<u8>(ea, 1));
    const eb = states + (b << 2);
    store<u8>(weights + symbols++, load<u8>(eb));
    at -= <i32>load<u8>(eb, 1);
    if (at < 0) {
      store<u8>(weights + symbols++, load<u8>(states + (a << 2)));
      return <u32>symbols;
    }
    b = <usize>load<u16>(eb, 2) + bitsAt(p, at, load<u8>(eb, 1));
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function bitsAt(p: usize, at: i32, bits: u32): usize {
  return <usize>((load<u32>(p + (at >> 3)) >> <u32>(at & 7)) & ((1 << bits) - 1));
}

/** Codes from weights; that of the last symbol follows from the others. */
function buildCodes(symbols: u32): bool {
  memory.fill(ranks, 0, 64);
  let sum: u32 = 0;
  for (let i: usize = 0; i < <usize>symbols; i++) {
    const w: u32 = load<u8>(weights + i);
    if (w > MAX_BITS) return false;
    if (w > 0) sum += 1 << (w - 1);
    store<u32>(ranks + (<usize>w << 2), load<u32>(ranks + (<usize>w << 2)) + 1);
  }
  if (sum == 0) return false;
  const bits: u32 = 32 - clz(sum);
  const left: u32 = (1 << bits) - sum;
  if (bits > MAX_BITS || (left & (left - 1)) != 0) return false;
  const lastWeight: u32 = 32 - clz(left);
  store<u8>(weights + <usize>symbols, <u8>lastWeight);
  store<u32>(ranks + (<usize>lastWeight << 2), load<u32>(ranks + (<usize>lastWeight << 2)) + 1);
  // Where the codes of each weight begin: the longest codes first.
  let at: u32 = 0;
  for (let w: u32 = 1; w <= MAX_BITS; w++) {
    const n = load<u32>(ranks + (<usize>w << 2));
    store<u32>(ranks + (<usize>w << 2), at);
    at += n << (w - 1);
  }
  for (let i: usize = 0; i <= <usize>symbols; i++) {
    const w: u32 = load<u8>(weights + i);
    if (w == 0) continue;
    const start: usize = load<u32>(ranks + (<usize>w << 2));
    const n: usize = (<usize>1) << (w - 1);
    const entry = <u16>(<u32>i | ((bits + 1 - w) << 8));
    for (let k: usize = 0; k < n; k++) store<u16>(codes + ((start + k) << 1), entry);
    store<u32>(ranks + (<usize>w << 2), <u32>(start + n));
  }
  codeBits = bits;
  return true;
}

/** Bits of the stream `p` to `end`, or -1 when it does not end as it should. */
function bitsOf(p: usize, end: usize): i32 {
  if (p >= end) return -1;
  const last: u32 = load<u8>(end - 1);
  return last == 0 ? -1 : <i32>(((end - 1 - p) << 3) + (31 - clz(last)));
}

/** One stream into `out` to `outEnd`, all of its bits. */
function oneStream(p: usize, end: usize, out: usize, outEnd: usize): bool {
  const at = bitsOf(p, end);
  return at >= 0 && finishStream(p, at, out, outEnd);
}

function finishStream(p: usize, at: i32, out: usize, outEnd: usize): bool {
  const bits = <i32>codeBits;
  const mask: u32 = (1 << codeBits) - 1;
  while (out < outEnd) {
    // Bits before the first one may be anything: a code is told by its first bits.
    const from = at - bits;
    const entry: u32 = load<u16>(codes + (<usize>((load<u32>(p + (from >> 3)) >> <u32>(from & 7)) & mask) << 1));
    store<u8>(out++, <u8>entry);
    at -= <i32>(entry >> 8);
    if (at < 0) return false;
  }
  return at == 0;
}

/** Four streams that each hold a quarter, read side by side. */
function fourStreams(p: usize, end: usize, size: usize): bool {
  if (end - p < 10 || size < 6) return false;
  const p1 = p + 6;
  const p2 = p1 + <usize>load<u16>(p);
  const p3 = p2 + <usize>load<u16>(p, 2);
  const p4 = p3 + <usize>load<u16>(p, 4);
  if (p4 >= end) return false;
  const quarter = (size + 3) >> 2;
  if (quarter * 3 > size) return false;
  let at1 = bitsOf(p1, p2);
  let at2 = bitsOf(p2, p3);
  let at3 = bitsOf(p3, p4);
  let at4 = bitsOf(p4, end);
  if ((at1 | at2 | at3 | at4) < 0) return false;
  let out = buffer;
  const bits = <u64>codeBits;
  const mask: u64 = (1 << bits) - 1;
  let rounds = (size - 3 * quarter) / 5;
  while (rounds-- > 0) {
    // Five codes have at most 55 bits, and 56 are always there.
    const f1 = (at1 - 56) >> 3;
    const f2 = (at2 - 56) >> 3;
    const f3 = (at3 - 56) >> 3;
    const f4 = (at4 - 56) >> 3;
    const c1 = load<u64>(p1 + f1);
    const c2 = load<u64>(p2 + f2);
    const c3 = load<u64>(p3 + f3);
    const c4 = load<u64>(p4 + f4);
    let t1 = <u64>(at1 - (f1 << 3)) - bits;
    let t2 = <u64>(at2 - (f2 << 3)) - bits;
    let t3 = <u64>(at3 - (f3 << 3)) - bits;
    let t4 = <u64>(at4 - (f4 << 3)) - bits;
    for (let k: usize = 0; k < 5; k++) {
      const e1: u32 = load<u16>(codes + (<usize>((c1 >> t1) & mask) << 1));
      const e2: u32 = load<u16>(codes + (<usize>((c2 >> t2) & mask) << 1));
      const e3: u32 = load<u16>(codes + (<usize>((c3 >> t3) & mask) << 1));
      const e4: u32 = load<u16>(codes + (<usize>((c4 >> t4) & mask) << 1));
      store<u8>(out + k, <u8>e1);
      store<u8>(out + quarter + k, <u8>e2);
      store<u8>(out + 2 * quarter + k, <u8>e3);
      store<u8>(out + 3 * quarter + k, <u8>e4);
      t1 -= <u64>(e1 >> 8);
      t2 -= <u64>(e2 >> 8);
      t3 -= <u64>(e3 >> 8);
      t4 -= <u64>(e4 >> 8);
    }
    out += 5;
    at1 = (f1 << 3) + <i32>(t1 + bits);
    at2 = (f2 << 3) + <i32>(t2 + bits);
    at3 = (f3 << 3) + <i32>(t3 + bits);
    at4 = (f4 << 3) + <i32>(t4 + bits);
    if ((at1 | at2 | at3 | at4) < 0) return false;
  }
  return (
    finishStream(p1, at1, out, buffer + quarter) &&
    finishStream(p2, at2, out + quarter, buffer + 2 * quarter) &&
    finishStream(p3, at3, out + 2 * quarter, buffer + 3 * quarter) &&
    finishStream(p4, at4, out + 3 * quarter, buffer + size)
  );
}

// Anchored windows of units (words or bytes) of texts, for exact substring deduplication; the definition is ../reference/substring.ts.
// One pass with rings of a few windows' length: memory does not depend on the text.
import { arenaAlloc, arenaMark } from './arena';

const A: u64 = 0x9e3779b97f4a7c15;
const B: u64 = 0xc2b2ae3d27d4eb4f;
const FIRST: u64 = 0xbf58476d1ce4e5b9;
const SECOND: u64 = 0x94d049bb133111eb;
// 3 and 5 modulo 8: differences of their powers have as few factors of two as can be.
const M1: u64 = 0xd6e8feb86659fd93;
const M2: u64 = 0xa0761d6478bd642d;

let bytewise: bool = false;
let window: u32 = 50;
let gram: u32 = 12;
let mask: u32 = 0;
let sums1: usize = 0;
let sums2: usize = 0;
let grams: usize = 0;
let starts: usize = 0;
let ends: usize = 0;
let powers1: usize = 0;
let powers2: usize = 0;
const byteHashes = memory.data(256 * 16);

// The text in work.
let units: u32 = 0;
let opened: bool = false;
let first: u32 = 0;
let last: u32 = 0;
let anchor: u32 = 0;
let least: u64 = 0;
let tied: bool = false;
let written: u32 = 0;

// @ts-ignore: decorator
@inline
function mix(x: u64): u64 {
  x ^= x >> 32;
  x *= FIRST;
  x ^= x >> 29;
  x *= SECOND;
  return x ^ (x >> 32);
}

/** Sets the units (0 words, 1 bytes), units in a window and in a gram; allocates the rings (to be kept). */
export function substringOpen(bytes: u32, windowUnits: u32, gramUnits: u32): void {
  bytewise = bytes != 0;
  window = windowUnits;
  gram = gramUnits;
  let ring: u32 = 16;
  while (ring < windowUnits * 2 + 4) ring <<= 1;
  mask = ring - 1;
  sums1 = arenaAlloc(ring << 3);
  sums2 = arenaAlloc(ring << 3);
  grams = arenaAlloc(ring << 3);
  starts = arenaAlloc(ring << 2);
  ends = arenaAlloc(ring << 2);
  powers1 = arenaAlloc(ring << 3);
  powers2 = arenaAlloc(ring << 3);
  let p1: u64 = 1;
  let p2: u64 = 1;
  for (let i: u32 = 0; i < ring; i++) {
    store<u64>(powers1 + (<usize>i << 3), p1);
    store<u64>(powers2 + (<usize>i << 3), p2);
    p1 *= M1;
    p2 *= M2;
  }
  for (let i: u32 = 0; i < 256; i++) {
    store<u64>(byteHashes + (<usize>i << 4), mix(A * (<u64>i + 1)));
    store<u64>(byteHashes + (<usize>i << 4), mix(B * (<u64>i + 1)), 8);
  }
}

// @ts-ignore: decorator
@inline
function at64(ring: usize, i: u32): usize {
  return ring + (<usize>(i & mask) << 3);
}

// @ts-ignore: decorator
@inline
function range1(from: u32, to: u32): u64 {
  return load<u64>(at64(sums1, to)) - load<u64>(at64(sums1, from)) * load<u64>(powers1 + (<usize>(to - from) << 3));
}

// @ts-ignore: decorator
@inline
function range2(from: u32, to: u32): u64 {
  return load<u64>(at64(sums2, to)) - load<u64>(at64(sums2, from)) * load<u64>(powers2 + (<usize>(to - from) << 3));
}

function record(key: u64, a: u64, b: u64, start: u32, end: u32): void {
  const at = arenaAlloc(32);
  store<u64>(at, key);
  store<u64>(at, a, 8);
  store<u64>(at, b, 16);
  store<u32>(at, start, 24);
  store<u32>(at, end, 28);
  written++;
}

/** Writes the super-window of the anchor in work. */
function close(): void {
  const to = last + window;
  const length = <u64>(to - first);
  record(
    least,
    mix(range1(first, to) + length * A),
    mix(range2(first, to) + length * B),
    load<u32>(starts + (<usize>(first & mask) << 2)),
    load<u32>(ends + (<usize>((to - 1) & mask) << 2)) | (tied ? 0x80000000 : 0),
  );
}

/** Takes the right-most least gram of the window from `s` to `g`. */
function choose(s: u32, g: u32): void {
  anchor = s;
  least = load<u64>(at64(grams, s));
  tied = false;
  for (let i = s + 1; i <= g; i++) {
    const value = load<u64>(at64(grams, i));
    if (value > least) continue;
    tied = value == least;
    least = value;
    anchor = i;
  }
  first = s;
}

// @ts-ignore: decorator
@inline
function feed(h1: u64, h2: u64, start: u32, end: u32, anchors: bool): void {
  const u = units++;
  store<u64>(at64(sums1, u + 1), load<u64>(at64(sums1, u)) * M1 + h1);
  store<u64>(at64(sums2, u + 1), load<u64>(at64(sums2, u)) * M2 + h2);
  store<u32>(starts + (<usize>(u & mask) << 2), start);
  store<u32>(ends + (<usize>(u & mask) << 2), end);
  if (anchors) {
    if (u + 1 < gram) return;
    const g = u + 1 - gram;
    const value = mix(range1(g, u + 1));
    store<u64>(at64(grams, g), value);
    if (u + 1 < window) return;
    const s = u + 1 - window;
    if (!opened) {
      opened = true;
      choose(s, g);
    } else if (anchor < s) {
      close();
      choose(s, g);
    } else if (value < least) {
      close();
      anchor = g;
      least = value;
      tied = false;
      first = s;
    } else if (value == least) tied = true;
    last = s;
  } else {
    if (u + 1 < window) return;
    const s = u + 1 - window;
    const a = mix(range1(s, u + 1));
    record(a, mix(range2(s, u + 1)), 0, load<u32>(starts + (<usize>(s & mask) << 2)), end);
  }
}

/** Bytes of the white space at `p`, or 0. */
// @ts-ignore: decorator
@inline
function space(p: usize, c: u32): u32 {
  if (c <= 32) return c == 32 || (c >= 9 && c <= 13) ? 1 : 0;
  if (c < 0xc2) return 0;
  if (c == 0xc2) {
    const d = load<u8>(p, 1);
    return d == 0xa0 || d == 0x85 ? 2 : 0;
  }
  if (c == 0xe2) {
    const d = load<u8>(p, 1);
    const e = load<u8>(p, 2);
    if (d == 0x80) return e <= 0x8a || e == 0xa8 || e == 0xa9 || e == 0xaf ? 3 : 0;
    return d == 0x81 && e == 0x9f ? 3 : 0;
  }
  if (c == 0xe3) return load<u8>(p, 1) == 0x80 && load<u8>(p, 2) == 0x80 ? 3 : 0;
  if (c == 0xe1) return load<u8>(p, 1) == 0x9a && load<u8>(p, 2) == 0x80 ? 3 : 0;
  return 0;
}

/** Where the word that goes on at `q` ends; looks at 16 bytes at a time for what may be white space. */
// @ts-ignore: decorator
@inline
function wordEnd(q: usize, to: usize): usize {
  while (q < to) {
    const v = v128.load(q);
    const low = i8x16.lt_u(v, i8x16.splat(33));
    const wide = v128.or(
      v128.or(i8x16.eq(v, i8x16.splat(<i8>0xc2)), i8x16.eq(v, i8x16.splat(<i8>0xe1))),
      v128.or(i8x16.eq(v, i8x16.splat(<i8>0xe2)), i8x16.eq(v, i8x16.splat(<i8>0xe3))),
    );
    const found = i8x16.bitmask(v128.or(low, wide));
    if (found == 0) {
      q += 16;
      continue;
    }
    q += ctz<i32>(found);
    if (q >= to || space(q, load<u8>(q)) > 0) break;
    q++;
  }
  return min(q, to);
}

// @ts-ignore: decorator
@inline
function text(from: usize, to: usize, anchors: bool): void {
  units = 0;
  opened = false;
  store<u64>(sums1, 0);
  store<u64>(sums2, 0);
  if (bytewise) {
    for (let p = from; p < to; p++) {
      const hash = byteHashes + (<usize>load<u8>(p) << 4);
      feed(load<u64>(hash), load<u64>(hash, 8), <u32>(p - from), <u32>(p - from + 1), anchors);
    }
  } else {
    for (let p = from; p < to; ) {
      const gap = space(p, load<u8>(p));
      if (gap > 0) {
        p += gap;
        continue;
      }
      const q = wordEnd(p + 1, to);
      const bytes = q - p;
      let h1: u64 = A ^ (<u64>bytes * B);
      let h2: u64 = B ^ (<u64>bytes * A);
      let left = bytes;
      for (let w = p; ; w += 8) {
        let word = load<u64>(w);
        if (left < 8) word &= ((<u64>1) << (<u64>left << 3)) - 1;
        h1 = rotl<u64>(h1 ^ word, 29) * FIRST;
        h2 = rotl<u64>(h2 + word, 37) * SECOND;
        if (left <= 8) break;
        left -= 8;
      }
      feed(mix(h1), h2 ^ (h2 >> 32), <u32>(p - from), <u32>(q - from), anchors);
      p = q;
    }
  }
  if (anchors && opened) close();
}

/** Records of every text, 32 bytes each from the address that comes back; `counts`: of each row. `alive`: 0 = all. */
export function substringAnchors(values: usize, offsets: usize, rows: u32, alive: usize, counts: usize): usize {
  const out = arenaMark();
  for (let row: usize = 0; row < <usize>rows; row++) {
    written = 0;
    if (alive == 0 || load<u8>(alive + row) != 0)
      text(values + load<u32>(offsets + (row << 2)), values + load<u32>(offsets + (row << 2), 4), true);
    store<u32>(counts + (row << 2), written);
  }
  return out;
}

/** The same for every window instead of every anchor: hash (128 bits), 8 empty bytes, start and end. */
export function substringWindows(values: usize, offsets: usize, rows: u32, counts: usize): usize {
  const out = arenaMark();
  for (let row: usize = 0; row < <usize>rows; row++) {
    written = 0;
    text(values + load<u32>(offsets + (row << 2)), values + load<u32>(offsets + (row << 2), 4), false);
    store<u32>(counts + (row << 2), written);
  }
  return out;
}

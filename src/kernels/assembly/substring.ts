// Anchored windows of units (words or bytes) of texts, for exact substring deduplication; the definition is
// ../reference/substring.ts. One pass with rings of a few windows' length: memory does not depend on the text.
import { arenaAlloc, arenaMark } from './arena';
import { GOLDEN, hashOf, mix, spread } from './unit-hash';
import { space, wordEnd } from './words';

// 3 modulo 8: differences of its powers have as few factors of two as can be.
const M: u64 = 0xd6e8feb86659fd93;

let bytewise: bool = false;
let window: u32 = 50;
let gram: u32 = 12;
let leftUnits: u32 = 0;
let rightUnits: u32 = 0;
let mask: u32 = 0;
let sums: usize = 0;
let grams: usize = 0;
let starts: usize = 0;
let ends: usize = 0;
let powers: usize = 0;
/** Hash of each byte as it enters a gram, a window, and as it leaves them. */
const enters = memory.data(256 * 8);
const leavesGram = memory.data(256 * 8);
const leavesWindow = memory.data(256 * 8);

// The text in work.
let units: u32 = 0;
let opened: bool = false;
let first: u32 = 0;
let last: u32 = 0;
let anchor: u32 = 0;
let least: u64 = 0;
let tied: bool = false;
let written: u32 = 0;

/** Sets the units (0 words, 1 bytes), units in a window and in a gram; allocates the rings (to be kept). */
export function substringOpen(bytes: u32, windowUnits: u32, gramUnits: u32): void {
  bytewise = bytes != 0;
  window = windowUnits;
  gram = gramUnits;
  leftUnits = (windowUnits - gramUnits) >> 1;
  rightUnits = windowUnits - gramUnits - leftUnits + 1;
  let ring: u32 = 16;
  while (ring < windowUnits * 2 + 4) ring <<= 1;
  mask = ring - 1;
  sums = arenaAlloc(ring << 3);
  grams = arenaAlloc(ring << 3);
  starts = arenaAlloc(ring << 2);
  ends = arenaAlloc(ring << 2);
  powers = arenaAlloc(ring << 3);
  let power: u64 = 1;
  for (let i: u32 = 0; i < ring; i++) {
    store<u64>(powers + (<usize>i << 3), power);
    power *= M;
  }
  for (let i: usize = 0; i < 256; i++) {
    const hash = mix(GOLDEN * (<u64>i + 1));
    store<u64>(enters + (i << 3), hash);
    store<u64>(leavesGram + (i << 3), hash * load<u64>(powers + (<usize>gram << 3)));
    store<u64>(leavesWindow + (i << 3), hash * load<u64>(powers + (<usize>window << 3)));
  }
}

// @ts-ignore: decorator
@inline
function at64(ring: usize, i: u32): usize {
  return ring + (<usize>(i & mask) << 3);
}

/** Hash of units `from` to `to`. */
// @ts-ignore: decorator
@inline
function range(from: u32, to: u32): u64 {
  return mix(
    load<u64>(at64(sums, to)) - load<u64>(at64(sums, from)) * load<u64>(powers + (<usize>(to - from) << 3)),
  );
}

/** A hash of 16 bits that is not 0. */
// @ts-ignore: decorator
@inline
function side(hash: u64): u32 {
  return max<u32>(1, <u32>hash & 0xffff);
}

/** @param sides those left of the anchor in the lower half; `place`: of the anchor, in bytes from `start` */
function record(key: u64, hash: u64, sides: u32, place: u32, start: u32, end: u32): void {
  const at = arenaAlloc(32);
  store<u64>(at, key);
  store<u64>(at, hash, 8);
  store<u32>(at, sides, 16);
  store<u32>(at, place, 20);
  store<u32>(at, start, 24);
  store<u32>(at, end, 28);
  written++;
}

/** Writes the stretch of the anchor in work. */
function close(): void {
  const to = last + window;
  const after = anchor + gram;
  const left = anchor >= first + leftUnits ? side(range(anchor - leftUnits, anchor)) : 0;
  const right = after + rightUnits <= to ? side(range(after, after + rightUnits)) : 0;
  const start = load<u32>(starts + (<usize>(first & mask) << 2));
  record(
    least,
    range(first, to),
    left | (right << 16),
    load<u32>(starts + (<usize>(anchor & mask) << 2)) - start,
    start,
    load<u32>(ends + (<usize>((to - 1) & mask) << 2)) | (tied ? 0x80000000 : 0),
  );
}

/** Takes the right-most least gram of the window from `s` to `g`. */
function choose(s: u32, g: u32): void {
  let place = s;
  let value = load<u64>(at64(grams, s));
  let again = false;
  for (let i = s + 1; i <= g; i++) {
    const other = load<u64>(at64(grams, i));
    if (other > value) continue;
    again = other == value;
    value = other;
    place = i;
  }
  anchor = place;
  least = value;
  tied = again;
  first = s;
}

// @ts-ignore: decorator
@inline
function feed(hash: u64, start: u32, end: u32, anchors: bool): void {
  const u = units++;
  store<u64>(at64(sums, u + 1), load<u64>(at64(sums, u)) * M + hash);
  store<u32>(starts + (<usize>(u & mask) << 2), start);
  store<u32>(ends + (<usize>(u & mask) << 2), end);
  if (anchors) {
    if (u + 1 < gram) return;
    const g = u + 1 - gram;
    const value = range(g, u + 1);
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
    record(range(s, u + 1), 0, 0, 0, load<u32>(starts + (<usize>(s & mask) << 2)), end);
  }
}

/** Writes the stretch of the anchor in work, of bytes, up to `to`. */
function closeBytes(text: usize, to: u32): void {
  const after = anchor + gram;
  const left = anchor >= first + leftUnits ? side(hashOf(text + anchor - leftUnits, leftUnits)) : 0;
  const right = after + rightUnits <= to ? side(hashOf(text + after, rightUnits)) : 0;
  record(
    least,
    hashOf(text + first, to - first),
    left | (right << 16),
    anchor - first,
    first,
    to | (tied ? 0x80000000 : 0),
  );
}

// @ts-ignore: decorator
@inline
function hashOfByte(table: usize, p: usize): u64 {
  return load<u64>(table + (<usize>load<u8>(p) << 3));
}

/** Anchors of a text of bytes: the polynomial of a gram rolls on, and only what is least is looked at. */
function byteAnchors(text: usize, length: u32): void {
  if (length < window) return;
  let sum: u64 = 0;
  for (let i: u32 = 0; i < gram; i++) sum = sum * M + hashOfByte(enters, text + i);
  const span = window - gram;
  store<u64>(grams, spread(sum));
  for (let g: u32 = 1; g <= span; g++) {
    sum = sum * M + (hashOfByte(enters, text + g + gram - 1) - hashOfByte(leavesGram, text + g - 1));
    store<u64>(at64(grams, g), spread(sum));
  }
  choose(0, span);
  for (let g = span + 1; g + gram <= length; g++) {
    sum = sum * M + (hashOfByte(enters, text + g + gram - 1) - hashOfByte(leavesGram, text + g - 1));
    const value = spread(sum);
    store<u64>(at64(grams, g), value);
    const s = g - span;
    if (anchor < s) {
      closeBytes(text, s - 1 + window);
      choose(s, g);
    } else if (value <= least) {
      if (value == least) tied = true;
      else {
        closeBytes(text, s - 1 + window);
        anchor = g;
        least = value;
        tied = false;
        first = s;
      }
    }
  }
  closeBytes(text, length);
}

function byteWindows(text: usize, length: u32): void {
  if (length < window) return;
  let sum: u64 = 0;
  for (let i: u32 = 0; i < window; i++) sum = sum * M + hashOfByte(enters, text + i);
  record(mix(sum), 0, 0, 0, 0, window);
  for (let end = window + 1; end <= length; end++) {
    const s = end - window;
    sum = sum * M + (hashOfByte(enters, text + end - 1) - hashOfByte(leavesWindow, text + s - 1));
    record(mix(sum), 0, 0, 0, s, end);
  }
}

// @ts-ignore: decorator
@inline
function text(from: usize, to: usize, anchors: bool): void {
  if (bytewise) {
    if (anchors) byteAnchors(from, <u32>(to - from));
    else byteWindows(from, <u32>(to - from));
    return;
  }
  units = 0;
  opened = false;
  store<u64>(sums, 0);
  for (let p = from; p < to; ) {
    const gap = space(p, load<u8>(p));
    if (gap > 0) {
      p += gap;
      continue;
    }
    const q = wordEnd(p + 1, to);
    feed(hashOf(p, q - p), <u32>(p - from), <u32>(q - from), anchors);
    p = q;
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

/** The same for every window instead of every anchor: hash, 16 empty bytes, start and end. */
export function substringWindows(values: usize, offsets: usize, rows: u32, counts: usize): usize {
  const out = arenaMark();
  for (let row: usize = 0; row < <usize>rows; row++) {
    written = 0;
    text(values + load<u32>(offsets + (row << 2)), values + load<u32>(offsets + (row << 2), 4), false);
    store<u32>(counts + (row << 2), written);
  }
  return out;
}

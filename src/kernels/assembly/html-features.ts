// Numbers of each block that the trees see: what is in it, what is beside it, what it stands in.
import { arenaAlloc } from './arena';
import {
  B_BREAKS, B_CAPITALS, B_CHARS, B_COMMAS, B_DIGITS, B_ELEMENT, B_END, B_FURNITURE, B_HASH, B_HINTS, B_LINK_CHARS,
  B_MARKS, B_START, B_STOPS, B_WORDS, bGet, blockCount, E_DEPTH, E_END, E_FIRST, E_HINTS, E_KEY, E_PARAGRAPHS,
  E_PARENT, E_TAG, eGet, elementCount, facts, page, tagBits, tagOrder,
} from './html-state';
import { text } from './html-text';

const LEVELS: i32 = 5;
const HINT_BITS: i32 = 22;
export const FEATURES: u32 = 16 + 4 * 5 + 5 * 7 + 16 + 16 + 5 * 22;
const LONG: i32 = 80;

/** Sums over the blocks before each, as float64. */
export let sumChars: usize = 0;
export let sumLinks: usize = 0;
let sumStops: usize = 0;
let sumLong: usize = 0;
/** How often each key and each hash comes: key, count, used a slot. */
let keys: usize = 0;
let keyMask: u32 = 0;
let hashes: usize = 0;
let hashMask: u32 = 0;
let heading: i32 = -1;
let topElement: i32 = 0;
let aboveTop: usize = 0;
/** Thousandths of the text in elements with each hint. */
const hinted: usize = memory.data(22 * 4);
/** Numbers of the tags h1 and h6. */
let h1: i32 = 0;
let h6: i32 = 0;

export function htmlHeadings(first: i32, last: i32): void {
  h1 = first;
  h6 = last;
}

// @ts-ignore: decorator
@inline
export function sum(list: usize, n: i32): f64 {
  return load<f64>(list + (<usize>n << 3));
}

// @ts-ignore: decorator
@inline
function order(tag: i32): i32 {
  return load<i32>(tagOrder + (<usize>tag << 2));
}

// @ts-ignore: decorator
@inline
export function share(part: f64, all: f64): i32 {
  return all == 0 ? 0 : <i32>Math.floor((part * 1000) / all);
}

// @ts-ignore: decorator
@inline
function shareOf(part: i32, all: i32): i32 {
  return share(<f64>part, <f64>all);
}

export function tableFor(count: u32): u32 {
  let slots: u32 = 16;
  while (slots < count * 2) slots <<= 1;
  return slots - 1;
}

export function slotOf(table: usize, mask: u32, key: u32): usize {
  let slot = (key * 0x9e3779b1) & mask;
  slot ^= (key >> 15) & mask;
  while (true) {
    const place = table + <usize>slot * 12;
    if (load<u32>(place, 8) == 0 || load<u32>(place) == key) return place;
    slot = (slot + 1) & mask;
  }
}

function countIn(table: usize, mask: u32, key: u32): void {
  const place = slotOf(table, mask, key);
  store<u32>(place, key);
  store<u32>(place, load<u32>(place, 8) + 1, 8);
}

/** All that is the same for every block of the page. */
export function openFeatures(): void {
  const n = <i32>blockCount;
  const bytes = <usize>(n + 1) << 3;
  sumChars = arenaAlloc(bytes * 4);
  sumLinks = sumChars + bytes;
  sumStops = sumLinks + bytes;
  sumLong = sumStops + bytes;
  hashMask = tableFor(n);
  hashes = arenaAlloc((<usize>hashMask + 1) * 12);
  memory.fill(hashes, 0, (<usize>hashMask + 1) * 12);
  for (let list: usize = 0; list < 4; list++) store<f64>(sumChars + list * bytes, 0);
  for (let i = 0; i < n; i++) {
    const chars = bGet(B_CHARS, i);
    const links = bGet(B_LINK_CHARS, i);
    const plain = chars >= LONG && links * 2 < chars;
    const next = <usize>(i + 1) << 3;
    store<f64>(sumChars + next, sum(sumChars, i) + <f64>chars);
    store<f64>(sumLinks + next, sum(sumLinks, i) + <f64>links);
    store<f64>(sumStops + next, sum(sumStops, i) + <f64>(bGet(B_STOPS, i) + bGet(B_COMMAS, i)));
    store<f64>(sumLong + next, sum(sumLong, i) + (plain ? <f64>chars : 0));
    countIn(hashes, hashMask, <u32>bGet(B_HASH, i));
  }
  keyMask = tableFor(elementCount);
  keys = arenaAlloc((<usize>keyMask + 1) * 12);
  memory.fill(keys, 0, (<usize>keyMask + 1) * 12);
  const all = <i32>elementCount;
  for (let e = 0; e < all; e++) countIn(keys, keyMask, <u32>eGet(E_KEY, e));
  findTop();
  findHeading();
  findHinted();
}

function findHinted(): void {
  const n = <i32>blockCount;
  const all = <i32>elementCount;
  const masks = arenaAlloc(<usize>all << 2);
  store<i32>(masks, 0);
  for (let e = 1; e < all; e++)
    store<i32>(masks + (<usize>e << 2), eGet(E_HINTS, e) | load<i32>(masks + (<usize>eGet(E_PARENT, e) << 2)));
  for (let bit = 0; bit < HINT_BITS; bit++) {
    let own: f64 = 0;
    for (let i = 0; i < n; i++)
      if ((load<i32>(masks + (<usize>bGet(B_ELEMENT, i) << 2)) >> bit) & 1) own += <f64>bGet(B_CHARS, i);
    store<i32>(hinted + (<usize>bit << 2), share(own, sum(sumChars, n)));
  }
}

function findTop(): void {
  const all = <i32>elementCount;
  const weight = arenaAlloc(<usize>all << 3);
  memory.fill(weight, 0, <usize>all << 3);
  for (let e = 0; e < all; e++) {
    const chars = <f64>eGet(E_PARAGRAPHS, e);
    store<f64>(weight + (<usize>e << 3), sum(weight, e) + chars);
    if (e == 0) continue;
    const parent = weight + (<usize>eGet(E_PARENT, e) << 3);
    store<f64>(parent, load<f64>(parent) + chars / 2);
  }
  let most: f64 = -1;
  topElement = 0;
  for (let e = 0; e < all; e++)
    if (sum(weight, e) > most) {
      topElement = e;
      most = sum(weight, e);
    }
  aboveTop = arenaAlloc(<usize>all);
  memory.fill(aboveTop, 0, <usize>all);
  for (let e = topElement; e != 0; e = eGet(E_PARENT, e)) store<u8>(aboveTop + <usize>e, 1);
  store<u8>(aboveTop, 1);
}

function findHeading(): void {
  heading = -1;
  const n = <i32>blockCount;
  for (let i = 0; i < n; i++) {
    const tag = eGet(E_TAG, bGet(B_ELEMENT, i));
    if (tag < h1 || tag > h6 || bGet(B_WORDS, i) < 2) continue;
    if (inTitle(bGet(B_START, i), bGet(B_END, i))) {
      heading = i;
      return;
    }
    if (tag == h1 && heading < 0) heading = i;
  }
}

function inTitle(start: i32, end: i32): bool {
  const length = <usize>min(24, end - start);
  const from = page + <usize>load<u32>(facts, 8);
  const stop = page + <usize>load<u32>(facts, 12);
  for (let at = from; at + length <= stop && at < from + 256; at++) {
    let n: usize = 0;
    while (n < length && (load<u8>(at + n) | 32) == (load<u8>(text + <usize>start + n) | 32)) n++;
    if (n == length) return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline
function within(list: usize, e: i32): f64 {
  return sum(list, eGet(E_END, e)) - sum(list, eGet(E_FIRST, e));
}

let to: usize = 0;
// @ts-ignore: decorator
@inline
function put(value: i32): void {
  store<i32>(to, value);
  to += 4;
}

function beside(i: i32, j: i32): void {
  if (j < 0 || j >= <i32>blockCount) {
    for (let k = 0; k < 5; k++) put(-1);
    return;
  }
  const own = bGet(B_ELEMENT, i);
  const element = bGet(B_ELEMENT, j);
  put(order(eGet(E_TAG, element)));
  put(bGet(B_CHARS, j));
  put(shareOf(bGet(B_LINK_CHARS, j), bGet(B_CHARS, j)));
  put(bGet(B_STOPS, j));
  put(element == own ? 2 : eGet(E_PARENT, element) == eGet(E_PARENT, own) ? 1 : 0);
}

/** Writes the numbers of block `i` from `at` on. */
export function writeFeatures(i: i32, at: usize): void {
  to = at;
  const n = <i32>blockCount;
  const element = bGet(B_ELEMENT, i);
  const chars = bGet(B_CHARS, i);
  const words = bGet(B_WORDS, i);
  const total = sum(sumChars, n);
  put(order(eGet(E_TAG, element)));
  put(chars);
  put(words);
  put(shareOf(bGet(B_LINK_CHARS, i), chars));
  put(shareOf(chars, words));
  put(shareOf(bGet(B_CAPITALS, i), words));
  put(shareOf(bGet(B_DIGITS, i), chars));
  put(bGet(B_COMMAS, i));
  put(bGet(B_STOPS, i));
  put(bGet(B_BREAKS, i));
  put(bGet(B_MARKS, i));
  put(bGet(B_FURNITURE, i));
  put(shareOf(bGet(B_FURNITURE, i), words));
  put(load<i32>(slotOf(hashes, hashMask, <u32>bGet(B_HASH, i)), 8));
  put(<i32>load<u8>(text + <usize>bGet(B_END, i) - 1));
  put(<i32>load<u8>(text + <usize>bGet(B_START, i)));
  beside(i, i - 1);
  beside(i, i + 1);
  beside(i, i - 2);
  beside(i, i + 2);
  let tags: i32 = 0;
  let near: i32 = 0;
  let far: i32 = 0;
  let level: i32 = 0;
  let shared: i32 = -1;
  for (let e = element; ; e = eGet(E_PARENT, e), level++) {
    if (shared < 0 && load<u8>(aboveTop + <usize>e) != 0) shared = level;
    if (level < LEVELS) {
      const own = within(sumChars, e);
      put(share(own, total));
      put(share(within(sumLinks, e), own));
      put(eGet(E_END, e) - eGet(E_FIRST, e));
      put(share(within(sumLong, e), own));
      put(share(within(sumStops, e), own));
      put(load<i32>(slotOf(keys, keyMask, <u32>eGet(E_KEY, e)), 8));
      put(order(eGet(E_TAG, e)));
    }
    if (e == 0) break;
    tags |= load<i32>(tagBits + (<usize>eGet(E_TAG, e) << 2));
    if (level > 0 && level < 4) near |= eGet(E_HINTS, e);
    if (level >= 4) far |= eGet(E_HINTS, e);
  }
  for (; level < LEVELS - 1; level++) for (let k = 0; k < 7; k++) put(-1);
  const first = eGet(E_FIRST, topElement);
  const end = eGet(E_END, topElement);
  put(i);
  put(n - i);
  put(shareOf(i, n));
  put(share(sum(sumChars, i), total));
  put(<i32>total);
  put(n);
  put(share(sum(sumLinks, n), total));
  put(share(sum(sumLong, n), total));
  put(heading < 0 ? -10000 : i - heading);
  put(eGet(E_DEPTH, element));
  put(shared);
  put(eGet(E_DEPTH, topElement));
  put(share(within(sumChars, topElement), total));
  put(i >= first && i < end ? 1 : 0);
  put(i < first ? first - i : i >= end ? i - end + 1 : 0);
  put(<i32>sum(sumLong, n));
  for (let bit = 0; bit < 16; bit++) put((tags >> bit) & 1);
  for (let bit: usize = 0; bit < <usize>HINT_BITS; bit++) put(load<i32>(hinted + (bit << 2)));
  bits(eGet(E_HINTS, element) | bGet(B_HINTS, i));
  bits(near);
  bits(far);
  bits(eGet(E_HINTS, 0));
}

function bits(mask: i32): void {
  for (let bit = 0; bit < HINT_BITS; bit++) put((mask >> bit) & 1);
}

// The main content of web pages: one pass over the bytes, scores of the blocks, choice, and the text laid out.
import { arenaAlloc, arenaMark, arenaRelease } from './arena';
import { openFeatures } from './html-features';
import { parse } from './html-parse';
import {
  B_CHARS, B_COMMAS, B_ELEMENT, B_END, B_LINK_CHARS, B_START, B_STOPS, bGet, blockCount, E_FIRST, E_HINTS, E_PARENT,
  E_TAG, eGet, facts, openPage, tagBits,
} from './html-state';
import { openText, text } from './html-text';
import { scoreBlocks, scores } from './html-trees';

const PRECISE: u32 = 0;
const GENEROUS: u32 = 1;
const UNION: u32 = 2;
/** Numbers a row: method, chars, blocks, kept, and start and end of each fact. */
const NUMBERS: usize = 20;

/**
 * Set by the caller: fewest code points and thousandths, bits of tags outside and inside, of hints; then from 8 on the
 * probability of each score; tag numbers of the layout.
 */
export const choice: usize = memory.data((8 + 481) * 4);
const SCORE_STEP: i32 = 25;
const MOST_SCORE: i32 = 6000;
const ROUNDS: u32 = 8;
export const layoutTags: usize = memory.data(11 * 4);
// @ts-ignore: decorator
@inline
function tag(n: usize): i32 {
  return load<i32>(layoutTags + (n << 2));
}

export function htmlChoice(): usize {
  return choice;
}

export function htmlLayoutTags(): usize {
  return layoutTags;
}

/**
 * Writes the text of the pages whose byte in `asked` is 1 to `out`, one after the other, with rows + 1 ends in `ends`,
 * and NUMBERS int32 a row to `numbers`. `out` has room for as many bytes as the pages have. `scratch`: room for the
 * largest page and 64 bytes.
 */
export function extract(
  values: usize, offsets: usize, rows: u32, asked: usize, mode: u32, scratch: usize, out: usize, ends: usize,
  numbers: usize,
): void {
  let to = out;
  store<u32>(ends, 0);
  memory.fill(numbers, 0, <usize>rows * NUMBERS * 4);
  for (let row: usize = 0; row < <usize>rows; row++) {
    if (load<u8>(asked + row) == 1) {
      const start = values + <usize>load<u32>(offsets + (row << 2));
      const bytes = values + <usize>load<u32>(offsets + (row << 2), 4) - start;
      memory.copy(scratch, start, bytes);
      memory.fill(scratch + bytes, 0, 64);
      const mark = arenaMark();
      to = extractPage(scratch, scratch + bytes, mode, to, numbers + row * NUMBERS * 4);
      arenaRelease(mark);
    }
    store<u32>(ends + (row << 2), <u32>(to - out), 4);
  }
}

function marksIn(from: usize, stop: usize): u32 {
  const mark = i8x16.splat(0x3c);
  let n: u32 = 0;
  // The bytes after the page are zeros.
  for (let at = from; at < stop; at += 16) n += popcnt<u32>(<u32>i8x16.bitmask(i8x16.eq(v128.load(at), mark)));
  return n;
}

function extractPage(start: usize, end: usize, mode: u32, to: usize, numbers: usize): usize {
  openPage(start, end, marksIn(start, end));
  openText(end - start);
  parse();
  openFeatures();
  const n = <i32>blockCount;
  const kept = arenaAlloc(<usize>n + 1);
  if (mode != GENEROUS) scoreBlocks();
  const method = choose(mode, n, kept);
  let count: i32 = 0;
  let chars: i32 = 0;
  for (let i = 0; i < n; i++) {
    if (load<u8>(kept + <usize>i) == 0) continue;
    count++;
    chars += bGet(B_CHARS, i);
  }
  store<u32>(numbers, method);
  store<i32>(numbers, chars, 4);
  store<i32>(numbers, n, 8);
  store<i32>(numbers, count, 12);
  memory.copy(numbers + 16, facts, 64);
  return layOut(n, kept, to);
}

// @ts-ignore: decorator
@inline
function probability(i: i32): i32 {
  const at = <usize>((load<i32>(scores + (<usize>i << 2)) + MOST_SCORE) / SCORE_STEP);
  return load<i32>(choice + 32 + (at << 2));
}

/** The threshold with which the F1 of the page is expected to be best, doubled. */
function bestThreshold(n: i32): i32 {
  let all: f64 = 0;
  for (let i = 0; i < n; i++) all += <f64>probability(i) * <f64>bGet(B_CHARS, i);
  let best: i32 = 1000;
  for (let round: u32 = 0; round < ROUNDS; round++) {
    let hit: f64 = 0;
    let size: f64 = 0;
    for (let i = 0; i < n; i++) {
      const p = probability(i);
      if (p * 2 < best) continue;
      hit += <f64>p * <f64>bGet(B_CHARS, i);
      size += 1000 * <f64>bGet(B_CHARS, i);
    }
    best = size + all == 0 ? 0 : <i32>Math.floor((2000 * hit) / (size + all));
  }
  return best;
}

function choose(mode: u32, n: i32, kept: usize): u32 {
  let own: f64 = 0;
  let other: f64 = 0;
  const least = mode != GENEROUS ? bestThreshold(n) : 0;
  for (let i = 0; i < n; i++) {
    const p = mode != GENEROUS ? probability(i) : 0;
    const precise = p > 0 && p * 2 >= least ? 1 : 0;
    const generous = mode != PRECISE && isGenerous(i) ? 1 : 0;
    const chars = <f64>bGet(B_CHARS, i);
    if (precise) own += chars;
    if (generous) other += chars;
    const keep = mode == PRECISE ? precise : mode == GENEROUS ? generous : mode == UNION ? precise | generous : precise;
    store<u8>(kept + <usize>i, <u8>keep);
  }
  if (mode <= UNION) return mode;
  if (!(own < <f64>load<i32>(choice) && own * 1000 < other * <f64>load<i32>(choice, 4))) return PRECISE;
  for (let i = 0; i < n; i++) store<u8>(kept + <usize>i, isGenerous(i) ? 1 : 0);
  return GENEROUS;
}

function isGenerous(i: i32): bool {
  const inside = load<i32>(choice, 12);
  let tags: i32 = 0;
  let hints: i32 = 0;
  for (let e = bGet(B_ELEMENT, i); e != 0; e = eGet(E_PARENT, e)) {
    if ((tags & inside) != 0) break;
    tags |= load<i32>(tagBits + (<usize>eGet(E_TAG, e) << 2));
    hints |= eGet(E_HINTS, e);
  }
  if ((tags & load<i32>(choice, 8)) != 0 || (hints & load<i32>(choice, 16)) != 0) return false;
  const linked = bGet(B_LINK_CHARS, i) * 2 > bGet(B_CHARS, i);
  return !(linked && bGet(B_STOPS, i) + bGet(B_COMMAS, i) == 0 && (tags & inside) == 0);
}

/** What the block at hand stands in, and the block before it: item, list, cell, row, table. */
let item: i32 = 0;
let list: i32 = 0;
let cell: i32 = 0;
let row: i32 = 0;
let table: i32 = 0;

function around(i: i32): void {
  item = list = cell = row = table = 0;
  for (let e = bGet(B_ELEMENT, i); e != 0 && table == 0; e = eGet(E_PARENT, e)) {
    const t = eGet(E_TAG, e);
    if ((t == tag(0) || t == tag(8) || t == tag(9)) && item == 0 && row == 0 && cell == 0) item = e;
    else if ((t == tag(5) || t == tag(6) || t == tag(7) || t == tag(10)) && cell == 0) list = e;
    else if ((t == tag(2) || t == tag(3)) && cell == 0) cell = e;
    else if (t == tag(1) && row == 0) row = e;
    else if (t == tag(4)) table = e;
  }
}

function layOut(n: i32, kept: usize, from: usize): usize {
  let to = from;
  let last = -1;
  for (let i = 0; i < n; i++) {
    if (load<u8>(kept + <usize>i) == 0) continue;
    const oldItem = item;
    const oldList = list;
    const oldCell = cell;
    const oldRow = row;
    const oldTable = table;
    around(i);
    if (last >= 0) {
      if (row != 0 && oldRow == row && oldCell != cell) {
        store<u16>(to, 0x7c20);
        store<u8>(to, 0x20, 2);
        to += 3;
      } else {
        store<u8>(to++, 10);
        const near = (row != 0 && oldRow == row) || (table != 0 && oldTable == table) || (list != 0 && oldList == list);
        if (!near) store<u8>(to++, 10);
      }
    }
    const opens = item != 0 && (last < 0 || item != oldItem) && eGet(E_TAG, item) == tag(0);
    if (opens && eGet(E_FIRST, item) > last) {
      store<u16>(to, 0x202d);
      to += 2;
    }
    const start = bGet(B_START, i);
    const bytes = <usize>(bGet(B_END, i) - start);
    memory.copy(to, text + <usize>start, bytes);
    to += bytes;
    last = i;
  }
  return to;
}

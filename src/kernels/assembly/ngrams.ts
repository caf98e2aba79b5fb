// Rolling hashes of word n-grams; the definition is ../reference/ngrams.ts. Words: what stands between white space,
// case folded, without accents, punctuation and symbols; a code point of a script without spaces is a word of its own.
import { arenaAlloc } from './arena';
import { decode, lengthOfLead } from './unicode';

const SEPARATOR: u32 = 0xffffffff;
const ALONE: u32 = 0x80000000;
const WORD_SEED: u64 = 0x9e3779b97f4a7c15;
const WORD_STEP: u64 = 0x100000001b3;
const FIRST: u64 = 0xbf58476d1ce4e5b9;
const SECOND: u64 = 0x94d049bb133111eb;
/** Base of the polynomial over words. */
const BASE: u64 = 0xd6e8feb86659fd93;
/** Words that an n-gram may have at most; a power of two. */
const RING: u32 = 32;

let indexAt: usize = 0;
let blocksAt: usize = 0;

const ringHash = memory.data(32 * 8);
const ringStart = memory.data(32 * 4);

// The n-grams looked for: a bit set that says no quickly, and open addressing with slots of (check, number + 1).
let bits: usize = 0;
let bitMask: u32 = 0;
let slots: usize = 0;
let slotMask: u32 = 0;

// The scan in work.
let n: u32 = 0;
let power: u64 = 0;
let gram: u64 = 0;
let words: u32 = 0;
let listing: bool = false;
let base: usize = 0;
let found: u32 = 0;

/**
 * Room for the folding table; the caller fills `index` (u16 x 8,704) at the address that comes back and `blocks` (u32)
 * right after it.
 */
export function foldingTable(blockBytes: u32): usize {
  indexAt = arenaAlloc(8704 * 2 + blockBytes);
  blocksAt = indexAt + 8704 * 2;
  return indexAt;
}

/** The index to look in; it must lie below the floor of the arena. Sizes are powers of two. */
export function ngramIndex(bitsAt: usize, bitCount: u32, slotsAt: usize, slotCount: u32): void {
  bits = bitsAt;
  bitMask = bitCount - 1;
  slots = slotsAt;
  slotMask = slotCount - 1;
}

// @ts-ignore: decorator
@inline
function folded(cp: u32): u32 {
  return load<u32>(blocksAt + (((<usize>load<u16>(indexAt + ((cp >> 7) << 1)) << 7) + (cp & 127)) << 2));
}

// @ts-ignore: decorator
@inline
function finished(h: u64): u64 {
  h ^= h >> 30;
  h *= FIRST;
  h ^= h >> 27;
  h *= SECOND;
  return h ^ (h >> 31);
}

function record(number: u32, start: u32, end: u32): void {
  const at = arenaAlloc(16);
  store<u32>(at, words - n);
  store<u32>(at, number, 4);
  store<u32>(at, start, 8);
  store<u32>(at, end, 12);
  found++;
}

/** Takes the next word of the document: bytes `start` .. `end`. */
// @ts-ignore: decorator
@inline
function take(hash: u64, start: usize, end: usize): void {
  const word = finished(hash);
  const slot = words & (RING - 1);
  if (words >= n) gram -= load<u64>(ringHash + (<usize>((words - n) & (RING - 1)) << 3)) * power;
  gram = gram * BASE + word;
  store<u64>(ringHash + (<usize>slot << 3), word);
  store<u32>(ringStart + (<usize>slot << 2), <u32>(start - base));
  words++;
  if (words < n) return;
  const first = load<u32>(ringStart + (<usize>((words - n) & (RING - 1)) << 2));
  if (listing) {
    const at = arenaAlloc(16);
    store<u64>(at, gram);
    store<u32>(at, first, 8);
    store<u32>(at, <u32>(end - base), 12);
    found++;
    return;
  }
  const bit = <u32>(gram >> 32) & bitMask;
  if ((load<u8>(bits + (bit >> 3)) & (1 << (bit & 7))) == 0) return;
  const check = <u32>(gram >> 32);
  for (let s = <u32>gram & slotMask; ; s = (s + 1) & slotMask) {
    const number = load<u32>(slots + (<usize>s << 3), 4);
    if (number == 0) return;
    if (load<u32>(slots + (<usize>s << 3)) != check) continue;
    record(number - 1, first, <u32>(end - base));
    return;
  }
}

function scan(p: usize, end: usize): void {
  base = p;
  words = 0;
  gram = 0;
  let hash = WORD_SEED;
  let start: usize = 0;
  let last: usize = 0;
  while (p < end) {
    const b = <u32>load<u8>(p);
    let next = p + 1;
    let v: u32;
    if (b < 128) {
      v = load<u32>(blocksAt + (b << 2));
    } else {
      next = p + lengthOfLead(b);
      v = folded(decode(p));
    }
    if (v == SEPARATOR) {
      if (hash != WORD_SEED) {
        take(hash, start, last);
        hash = WORD_SEED;
      }
    } else if (v & ALONE) {
      if (hash != WORD_SEED) take(hash, start, last);
      take((WORD_SEED ^ <u64>v) * WORD_STEP, p, next);
      hash = WORD_SEED;
    } else if (v != 0) {
      if (hash == WORD_SEED) start = p;
      hash = (hash ^ <u64>v) * WORD_STEP;
      last = next;
    }
    p = next;
  }
  if (hash != WORD_SEED) take(hash, start, last);
}

/**
 * Scans rows. With `list`, every n-gram is written: u64 hash, u32 first byte, u32 end; else those of the index: u32
 * number of the first word, u32 number of the n-gram, u32 first byte, u32 end; bytes count from the start of the row.
 * `ends[row]`: records up to and with that row; `counts[row]`: its words. Records lie one after the other from the
 * address that comes back.
 */
export function ngramScan(
  values: usize, offsets: usize, rows: u32, alive: usize, size: u32, list: bool, ends: usize, counts: usize,
): usize {
  n = size;
  listing = list;
  power = 1;
  for (let i: u32 = 1; i < n; i++) power *= BASE;
  found = 0;
  const out = arenaAlloc(0);
  for (let row: usize = 0; row < <usize>rows; row++) {
    words = 0;
    if (alive == 0 || load<u8>(alive + row) != 0) {
      scan(values + load<u32>(offsets + (row << 2)), values + load<u32>(offsets + (row << 2), 4));
    }
    store<u32>(ends + (row << 2), found);
    store<u32>(counts + (row << 2), words);
  }
  return out;
}

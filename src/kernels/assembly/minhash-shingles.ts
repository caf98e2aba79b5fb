// Shingles of the units of a text, hashed as they come, for signatures or as a list; the definition is
// ../reference/minhash.ts.
import { arenaAlloc } from './arena';
import { sketch } from './minhash-sketch';

export const WORD_SEED: u64 = 0x9e3779b97f4a7c15;
const WORD_STEP: u64 = 0xbf58476d1ce4e5b9;
const BASE: u64 = 0xd6e8feb86659fd93;
const MIX: u64 = 0x94d049bb133111eb;
/** Words that are hashed at once; and the words that a shingle may have at most. */
export const CHUNK: u32 = 1024;
const MOST: u32 = 64;

/** Whether units are characters, or else words; and how many a shingle has. */
export let characters: bool = false;
export let n: u32 = 5;
let power: u64 = 0;

const words = memory.data(1088 * 8);
const shingles = memory.data(1088 * 8);
/** Units that wait for their shingles, and shingles of the text so far. */
export let filled: u32 = 0;
export let total: u32 = 0;
/** Shingles listed so far, and whether they are listed. */
export let listed: u32 = 0;
let listing: bool = false;
/** @param size units in a shingle, 1 to 64. */
export function minhashShingle(ofCharacters: bool, size: u32): void {
  if (size == 0 || size > MOST) unreachable();
  characters = ofCharacters;
  n = size;
  power = 1;
  for (let i: u32 = 0; i < n; i++) power *= BASE;
}

/** Hashes what has come so far; the last n - 1 units stay for the next shingles. */
export function flush(): void {
  if (filled < n) return;
  const count = filled - n + 1;
  let gram: u64 = 0;
  for (let i: u32 = 0; i < n; i++) gram = gram * BASE + load<u64>(words + (<usize>i << 3));
  let at = words;
  const step = <usize>n << 3;
  for (let i: usize = 0; ; i++) {
    let h = gram ^ (gram >> 32);
    h *= MIX;
    store<u64>(shingles + (i << 3), h ^ (h >> 29));
    if (i + 1 == <usize>count) break;
    gram = gram * BASE + load<u64>(at + step) - load<u64>(at) * power;
    at += 8;
  }
  total += count;
  if (listing) {
    const room = arenaAlloc(<usize>count << 3);
    memory.copy(room, shingles, <usize>count << 3);
    // Allocations are rounded up to 16 bytes: the list stays without gaps because CHUNK keeps all counts but the last
    // even.
    listed += count;
  } else {
    sketch(shingles, count);
  }
  memory.copy(words, words + (<usize>count << 3), <usize>(n - 1) << 3);
  filled = n - 1;
}

// @ts-ignore: decorator
@inline
export function take(hash: u64): void {
  store<u64>(words + (<usize>filled << 3), hash);
  filled++;
  if (filled == CHUNK + n - 1) flush();
}

// @ts-ignore: decorator
@inline
export function step8(h: u64, chunk: u64): u64 {
  h = (h ^ chunk) * WORD_STEP;
  return h ^ (h >> 32);
}

// @ts-ignore: decorator
@inline
export function hashOf(at: usize, end: usize): u64 {
  let h = WORD_SEED;
  for (; end - at >= 8; at += 8) h = step8(h, load<u64>(at));
  const left = end - at;
  if (left > 0) h = step8(h, load<u64>(at) & (~(<u64>0) >> ((8 - <u64>left) << 3)));
  return h;
}

/** Before the first text: whether shingles are listed, or else make up the signature. */
export function openShingles(asList: bool): void {
  listing = asList;
  listed = 0;
}

/** Before a text. */
export function openUnits(): void {
  filled = 0;
  total = 0;
}

/** The unit with that hash as the one of that number; the number of the next, which `setFilled` tells the others. */
// @ts-ignore: decorator
@inline
export function takeAt(count: u32, hash: u64): u32 {
  store<u64>(words + (<usize>count << 3), hash);
  count++;
  if (count < CHUNK + n - 1) return count;
  filled = count;
  flush();
  return filled;
}

// @ts-ignore: decorator
@inline
export function setFilled(count: u32): void {
  filled = count;
}

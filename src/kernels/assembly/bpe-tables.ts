// What a byte-level BPE tokenizer is made of, in permanent memory: classes of code points, ids of bytes, merges by
// pair, and tokens by their bytes. Filled once by ../bpe.ts.
import { arenaAlloc } from './arena';
import { decode } from './unicode';

export const LETTER: u32 = 1;
export const NUMBER: u32 = 2;
export const WHITE: u32 = 4;
export const UPPER: u32 = 8;
export const LOWER: u32 = 16;
export const WORD: u32 = 32;
export const DIGIT: u32 = 64;
export const UNUSUAL: u32 = 128;
/** What ends a run of signs. */
export const NO_SIGN: u32 = LETTER | NUMBER | WHITE;

export const NONE: u32 = 0xffffffff;

let indexAt: usize = 0;
let blocksAt: usize = 0;

/** Room for the table of classes, as `unicodeTable`. */
export function bpeClasses(blockBytes: u32): usize {
  indexAt = arenaAlloc(8704 * 2 + blockBytes);
  blocksAt = indexAt + 8704 * 2;
  return indexAt;
}

// @ts-ignore: decorator
@inline
export function tokenClass(cp: u32): u32 {
  return <u32>load<u8>(blocksAt + (<usize>load<u16>(indexAt + ((cp >> 7) << 1)) << 7) + (cp & 127));
}

/** Class of the code point at `at`. */
// @ts-ignore: decorator
@inline
export function classHere(at: usize): u32 {
  const byte = <u32>load<u8>(at);
  return byte < 0x80 ? <u32>load<u8>(blocksAt + byte) : tokenClass(decode(at));
}

/** 256 ids. */
let bytesAt: usize = 0;

export function bpeBytes(): usize {
  bytesAt = arenaAlloc(1024);
  return bytesAt;
}

// @ts-ignore: decorator
@inline
export function byteId(byte: u32): u32 {
  return load<u32>(bytesAt + (byte << 2));
}

/** Slots of 16 bytes: left, right, rank, id; an empty one has left NONE. */
let pairsAt: usize = 0;
let pairsMask: u32 = 0;

// @ts-ignore: decorator
@inline
function pairSlot(left: u32, right: u32): u32 {
  const mixed = ((<u64>left << 32) | <u64>right) * 0x9e3779b97f4a7c15;
  return <u32>(mixed >> 40);
}

/** Room for merges: `slots` is a power of two, more than there are. */
export function bpeMergeTable(slots: u32): void {
  pairsAt = arenaAlloc(<usize>slots << 4);
  pairsMask = slots - 1;
  memory.fill(pairsAt, 0xff, <usize>slots << 4);
}

/**
 * Merges in the order of their ranks: `count` times left, right, id at `from`. Of a pair that comes twice the last
 * counts.
 */
export function bpeMerges(from: usize, count: u32): void {
  for (let rank: u32 = 0; rank < count; rank++, from += 12) {
    const left = load<u32>(from);
    const right = load<u32>(from, 4);
    let slot = pairSlot(left, right) & pairsMask;
    let at = pairsAt + (<usize>slot << 4);
    while (load<u32>(at) != NONE && (load<u32>(at) != left || load<u32>(at, 4) != right)) {
      slot = (slot + 1) & pairsMask;
      at = pairsAt + (<usize>slot << 4);
    }
    store<u32>(at, left);
    store<u32>(at, right, 4);
    store<u32>(at, rank, 8);
    store<u32>(at, load<u32>(from, 8), 12);
  }
}

/** Rank in the low half and id in the high half; all ones: the pair does not merge. */
export function pairOf(left: u32, right: u32): u64 {
  let slot = pairSlot(left, right) & pairsMask;
  while (true) {
    const at = pairsAt + (<usize>slot << 4);
    const key = load<u32>(at);
    if (key == left && load<u32>(at, 4) == right) return load<u64>(at, 8);
    if (key == NONE) return <u64>-1;
    slot = (slot + 1) & pairsMask;
  }
}

/** Tokens by their bytes: slots of a number + 1; starts of all tokens and the bytes after each other. */
let tokensAt: usize = 0;
let tokensMask: u32 = 0;
let startsAt: usize = 0;
let tokenBytesAt: usize = 0;

function hashOf(at: usize, length: usize): u32 {
  let h: u64 = <u64>length * 0x9e3779b97f4a7c15;
  let left = length;
  for (; left >= 8; left -= 8, at += 8) h = rotl<u64>((h ^ load<u64>(at)) * 0xbf58476d1ce4e5b9, 31);
  for (; left > 0; left--, at++) h = rotl<u64>((h ^ <u64>load<u8>(at)) * 0x94d049bb133111eb, 17);
  h ^= h >> 32;
  return <u32>((h * 0x9e3779b97f4a7c15) >> 32);
}

function equal(a: usize, b: usize, length: usize): bool {
  for (; length >= 8; length -= 8, a += 8, b += 8) if (load<u64>(a) != load<u64>(b)) return false;
  for (; length > 0; length--, a++, b++) if (load<u8>(a) != load<u8>(b)) return false;
  return true;
}

/**
 * Tokens that a whole piece may be without merging: `starts` has count + 1 offsets into `bytes`, an empty one is no
 * token; both stay where they are. `slots` is a power of two, more than `count`.
 */
export function bpeTokens(starts: usize, bytes: usize, count: u32, slots: u32): void {
  startsAt = starts;
  tokenBytesAt = bytes;
  tokensAt = arenaAlloc(<usize>slots << 2);
  tokensMask = slots - 1;
  memory.fill(tokensAt, 0, <usize>slots << 2);
  for (let id: u32 = 0; id < count; id++) {
    const at = bytes + load<u32>(starts + (<usize>id << 2));
    const length = <usize>(load<u32>(starts + (<usize>id << 2), 4)) - (at - bytes);
    if (length == 0) continue;
    let slot = hashOf(at, length) & tokensMask;
    while (load<u32>(tokensAt + (<usize>slot << 2)) != 0) slot = (slot + 1) & tokensMask;
    store<u32>(tokensAt + (<usize>slot << 2), id + 1);
  }
}

/** Id of the token with these bytes; NONE: there is none, or tokens were not given. */
export function tokenOf(at: usize, length: usize): u32 {
  if (tokensMask == 0) return NONE;
  let slot = hashOf(at, length) & tokensMask;
  while (true) {
    const found = load<u32>(tokensAt + (<usize>slot << 2));
    if (found == 0) return NONE;
    const id = found - 1;
    const start = load<u32>(startsAt + (<usize>id << 2));
    if (<usize>(load<u32>(startsAt + (<usize>id << 2), 4) - start) == length)
      if (equal(tokenBytesAt + start, at, length)) return id;
    slot = (slot + 1) & tokensMask;
  }
}

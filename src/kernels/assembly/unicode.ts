// The pinned Unicode classes: a two-stage table copied in by unicode-tables.ts. Input is valid UTF-8 with at least 64
// readable bytes after it.
import { arenaAlloc } from './arena';

export const LETTER: u32 = 1;
export const PUNCTUATION: u32 = 4;
export const SYMBOL: u32 = 5;
export const GROUP: u32 = 7;
export const WHITE_SPACE: u32 = 8;
export const UPPERCASE: u32 = 16;
export const DIGIT: u32 = 32;
export const TERMINAL: u32 = 64;
export const CLOSER: u32 = 128;

let indexAt: usize = 0;
let blocksAt: usize = 0;

/**
 * Room for the table; the caller fills `index` (u16 x 8,704) at the address that comes back, and `blocks` right after
 * it.
 */
export function unicodeTable(blockBytes: u32): usize {
  indexAt = arenaAlloc(8704 * 2 + blockBytes);
  blocksAt = indexAt + 8704 * 2;
  return indexAt;
}

// @ts-ignore: decorator
@inline
export function classOf(cp: u32): u32 {
  return <u32>load<u8>(blocksAt + (<usize>load<u16>(indexAt + ((cp >> 7) << 1)) << 7) + (cp & 127));
}

/** Class byte of an ASCII byte: block 0 of the table. */
// @ts-ignore: decorator
@inline
export function classOfAscii(byte: u32): u32 {
  return <u32>load<u8>(blocksAt + byte);
}

// @ts-ignore: decorator
@inline
export function lengthOfLead(lead: u32): u32 {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** The code point whose first byte is at `at`. */
// @ts-ignore: decorator
@inline
export function decode(at: usize): u32 {
  const b: u32 = load<u8>(at);
  if (b < 0x80) return b;
  const c: u32 = <u32>load<u8>(at, 1) & 63;
  if (b < 0xe0) return ((b & 31) << 6) | c;
  const d: u32 = <u32>load<u8>(at, 2) & 63;
  if (b < 0xf0) return ((b & 15) << 12) | (c << 6) | d;
  const cp = ((b & 7) << 18) | (c << 12) | (d << 6) | (<u32>load<u8>(at, 3) & 63);
  return cp > 0x10ffff ? 0xfffd : cp;
}

/** Class byte of the code point at `at`. */
export function classAt(at: usize): u32 {
  const b: u32 = load<u8>(at);
  return b < 0x80 ? classOfAscii(b) : classOf(decode(at));
}

/** First byte of the code point that ends before `end`, not before `start`. */
export function previous(start: usize, end: usize): usize {
  let at = end - 1;
  while (at > start && (<u32>load<u8>(at) & 0xc0) == 0x80) at--;
  return at;
}

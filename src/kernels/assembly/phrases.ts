// The phrases that the C4 rules look for in lines.
import { arenaAlloc } from './arena';

// Bits of what a line holds; the first two are flags of the document once moved.
export const HAS_JAVASCRIPT: u32 = 1;
export const HAS_LOREM: u32 = 2;
export const HAS_POLICY: u32 = 4;
export const HAS_BRACKET: u32 = 8;

const PHRASES: u32 = 8;
/** 8 phrases of 16 bytes: length, then lower-case characters. */
let phrases: usize = 0;

/** Room for the phrases, which the caller fills in. */
export function c4Phrases(): usize {
  phrases = arenaAlloc(PHRASES * 16);
  return phrases;
}

// @ts-ignore: decorator
@inline
function lowered(at: usize): v128 {
  return v128.or(v128.load(at), i8x16.splat(0x20));
}

// @ts-ignore: decorator
@inline
function both(a: v128, byteA: u8, b: v128, byteB: u8): v128 {
  return v128.and(i8x16.eq(a, i8x16.splat(byteA)), i8x16.eq(b, i8x16.splat(byteB)));
}

/**
 * Which of the phrases and '{' are in a line. Two rare letters of each phrase are compared 16 places at a time, hits
 * are looked at whole.
 */
export function phrasesIn(start: usize, end: usize): u32 {
  let found: u32 = 0;
  for (let at = start; at < end; at += 16) {
    const raw = v128.load(at);
    const v0 = v128.or(raw, i8x16.splat(0x20));
    const v3 = lowered(at + 3);
    const v7 = lowered(at + 7);
    const v10 = lowered(at + 10);
    let hit = both(v0, 0x6a, lowered(at + 2), 0x76); // [j]a[v]ascript
    hit = v128.or(hit, both(v7, 0x70, v10, 0x6d)); // lorem i[p]su[m]
    hit = v128.or(hit, both(v3, 0x6d, v7, 0x66)); // ter[m]s o[f] use
    hit = v128.or(hit, both(v3, 0x76, lowered(at + 6), 0x79)); // pri[v]ac[y] policy
    hit = v128.or(hit, both(v3, 0x6b, v7, 0x70)); // coo[k]ie [p]olicy
    hit = v128.or(hit, both(v0, 0x75, lowered(at + 8), 0x6b)); // [u]ses coo[k]ies
    hit = v128.or(hit, both(lowered(at + 5), 0x66, v10, 0x6b)); // use o[f] coo[k]ies
    hit = v128.or(hit, both(v0, 0x75, v7, 0x6b)); // [u]se coo[k]ies
    const inside: u32 = end - at >= 16 ? 0xffff : ((<u32>1) << <u32>(end - at)) - 1;
    if ((i8x16.bitmask(i8x16.eq(raw, i8x16.splat(0x7b))) & inside) != 0) found |= HAS_BRACKET;
    for (let m = <u32>i8x16.bitmask(hit) & inside; m != 0; m &= m - 1) found |= phraseAt(at + <usize>ctz(m), end);
  }
  return found;
}

function phraseAt(at: usize, end: usize): u32 {
  let found: u32 = 0;
  for (let k: u32 = 0; k < PHRASES; k++) {
    const phrase = phrases + (<usize>k << 4);
    const length = <usize>load<u8>(phrase);
    if (end - at < length) continue;
    let same: usize = 0;
    while (same < length && lowerByte(<u32>load<u8>(at + same)) == <u32>load<u8>(phrase + 1 + same)) same++;
    if (same == length) found |= k == 0 ? HAS_JAVASCRIPT : k == 1 ? HAS_LOREM : HAS_POLICY;
  }
  return found;
}

// @ts-ignore: decorator
@inline
function lowerByte(byte: u32): u32 {
  return byte - 0x41 < 26 ? byte + 32 : byte;
}

// Character classes of 64 bytes at a time as bit masks, bit i = byte i: SIMD comparisons for ASCII, the Unicode table
// for the rest.
import { classOf, DIGIT, GROUP, LETTER, PUNCTUATION, SYMBOL, UPPERCASE, WHITE_SPACE } from './unicode';

// Masks of the last block. A class is set on every byte of its code points.
export let mWhite: u64 = 0;
export let mLetter: u64 = 0;
/** Neither white space nor punctuation nor symbol: what stays of a word when its ends are trimmed. */
export let mCore: u64 = 0;
export let mContinuation: u64 = 0;
export let mNewline: u64 = 0;
export let mDot: u64 = 0;

// Counts since `startCounts`, in code points, and runs of them.
export let nLetters: u32 = 0;
export let nUppers: u32 = 0;
export let nDigits: u32 = 0;
export let nWhites: u32 = 0;
export let nPunctuation: u32 = 0;
export let nSymbols: u32 = 0;
export let nControls: u32 = 0;
export let nReplacements: u32 = 0;
export let nHashes: u32 = 0;
export let nEllipses: u32 = 0;
export let nNewlines: u32 = 0;
export let nContinuations: u32 = 0;
export let nThreeByte: u32 = 0;
export let nFourByte: u32 = 0;
export let nTwoByte: u32 = 0;
export let nLetterRuns: u32 = 0;
export let nDigitRuns: u32 = 0;
export let nMarkRuns: u32 = 0;
export let nWhiteRuns: u32 = 0;

/** Whether upper case, symbols, punctuation, controls and runs are counted. */
export let general: bool = true;

// What a code point that runs over the end of a block means for the first bytes of the next one.
let overWhite: u64 = 0;
let overDigit: u64 = 0;
let overNotLetter: u64 = 0;
let overNotCore: u64 = 0;
// Top bits of the last block, for runs.
let topLetter: u64 = 0;
let topDigit: u64 = 0;
let topMark: u64 = 0;
let topWhite: u64 = 0;

/** Starts a document; without `withGeneral`, classes that only general statistics need are not counted. */
export function startCounts(withGeneral: bool): void {
  general = withGeneral;
  nLetters = nUppers = nDigits = nWhites = nPunctuation = nSymbols = nControls = nReplacements = 0;
  nHashes = nEllipses = nNewlines = nContinuations = nTwoByte = nThreeByte = nFourByte = 0;
  nLetterRuns = nDigitRuns = nMarkRuns = nWhiteRuns = 0;
  overWhite = overDigit = overNotLetter = overNotCore = 0;
  topLetter = topDigit = topMark = topWhite = 0;
}

// @ts-ignore: decorator
@inline
function mask64(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>(<u32>i8x16.bitmask(a) | (<u32>i8x16.bitmask(b) << 16)) |
    (<u64>(<u32>i8x16.bitmask(c) | (<u32>i8x16.bitmask(d) << 16)) << 32)
  );
}

/** Bytes in `low` .. `low + count - 1`. */
// @ts-ignore: decorator
@inline
function inRange(v: v128, low: i32, count: i32): v128 {
  return i8x16.lt_s(i8x16.sub(v, i8x16.splat(<i8>(low + 128))), i8x16.splat(<i8>(count - 128)));
}

// @ts-ignore: decorator
@inline
function equals(v: v128, byte: i32): v128 {
  return i8x16.eq(v, i8x16.splat(<i8>byte));
}

// @ts-ignore: decorator
@inline
function letters(v: v128): v128 {
  return inRange(v128.or(v, i8x16.splat(0x20)), 0x61, 26);
}

// @ts-ignore: decorator
@inline
function whites(v: v128): v128 {
  return v128.or(equals(v, 0x20), inRange(v, 9, 5));
}

/** Control characters but \t \n \r. */
// @ts-ignore: decorator
@inline
function controls(v: v128): v128 {
  const spared = v128.or(v128.or(equals(v, 9), equals(v, 10)), equals(v, 13));
  return v128.or(v128.andnot(inRange(v, 0, 32), spared), equals(v, 127));
}

/** The nine ASCII symbols $ + < = > ^ ` | ~, by their two nibbles. */
// @ts-ignore: decorator
@inline
function symbols(v: v128): v128 {
  const low = i8x16(8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 18, 2, 22, 0);
  const high = i8x16(0, 0, 1, 2, 0, 4, 8, 16, 0, 0, 0, 0, 0, 0, 0, 0);
  const both = v128.and(i8x16.swizzle(low, v128.and(v, i8x16.splat(15))), i8x16.swizzle(high, i8x16.shr_u(v, 4)));
  return i8x16.ne(both, i8x16.splat(0));
}

// @ts-ignore: decorator
@inline
function runsOf(mask: u64, top: u64): u32 {
  return <u32>popcnt(mask & ~((mask << 1) | top));
}

/** Classifies the 64 bytes at `at`; bytes outside `valid` are seen as white space that does not count. */
export function classifyBlock(at: usize, valid: u64): void {
  const a = v128.load(at);
  const b = v128.load(at, 16);
  const c = v128.load(at, 32);
  const d = v128.load(at, 48);
  const wide = mask64(a, b, c, d) & valid;
  let white = mask64(whites(a), whites(b), whites(c), whites(d)) & valid;
  let letter = mask64(letters(a), letters(b), letters(c), letters(d)) & valid;
  let digit = mask64(inRange(a, 48, 10), inRange(b, 48, 10), inRange(c, 48, 10), inRange(d, 48, 10)) & valid;
  const control = mask64(controls(a), controls(b), controls(c), controls(d)) & valid;
  const newline = mask64(equals(a, 10), equals(b, 10), equals(c, 10), equals(d, 10)) & valid;
  mDot = mask64(equals(a, 46), equals(b, 46), equals(c, 46), equals(d, 46)) & valid;
  const hash = mask64(equals(a, 35), equals(b, 35), equals(c, 35), equals(d, 35)) & valid;
  let core = (letter | digit | control) & ~white;
  if (general) {
    const upper = mask64(inRange(a, 65, 26), inRange(b, 65, 26), inRange(c, 65, 26), inRange(d, 65, 26)) & valid;
    const symbol = mask64(symbols(a), symbols(b), symbols(c), symbols(d)) & valid;
    // ASCII marks: whatever is none of the others.
    const mark = valid & ~(core | white | wide);
    nUppers += <u32>popcnt(upper);
    nSymbols += <u32>popcnt(symbol);
    nPunctuation += <u32>popcnt(mark & ~symbol);
    nControls += <u32>popcnt(control);
  }
  nHashes += <u32>popcnt(hash);
  nNewlines += <u32>popcnt(newline);
  mNewline = newline;
  let continuation: u64 = 0;
  if (wide != 0) {
    const bound = i8x16.splat(-64);
    continuation = mask64(i8x16.lt_s(a, bound), i8x16.lt_s(b, bound), i8x16.lt_s(c, bound), i8x16.lt_s(d,
      bound)) & valid;
    // Most are letters: that is assumed, and corrected for the others.
    letter = (letter | wide) & ~overNotLetter;
    core = (core | wide) & ~overNotCore;
    white |= overWhite;
    digit |= overDigit;
    overWhite = overDigit = overNotLetter = overNotCore = 0;
    let leads = wide & ~continuation;
    nTwoByte += <u32>popcnt(leads);
    while (leads != 0) {
      const bit = ctz(leads);
      leads &= leads - 1;
      const q = at + <usize>bit;
      const b0 = <u32>load<u8>(q);
      let cp = <u32>load<u8>(q, 1) & 63;
      let length: u64 = 2;
      if (b0 < 0xe0) {
        cp |= (b0 & 31) << 6;
      } else if (b0 < 0xf0) {
        cp = ((b0 & 15) << 12) | (cp << 6) | (<u32>load<u8>(q, 2) & 63);
        length = 3;
        nThreeByte++;
      } else {
        cp = ((b0 & 7) << 18) | (cp << 12) | ((<u32>load<u8>(q, 2) & 63) << 6) | (<u32>load<u8>(q, 3) & 63);
        if (cp > 0x10ffff) cp = 0xfffd;
        length = 4;
        nFourByte++;
      }
      const cls = classOf(cp);
      if (cls == LETTER) continue;
      const group = cls & GROUP;
      if (group == LETTER) {
        if (cls & UPPERCASE) nUppers++;
        continue;
      }
      const bits = ((<u64>1) << length) - 1;
      const here = bits << bit;
      const over = bit + length > 64 ? bits >> (64 - bit) : 0;
      letter &= ~here;
      overNotLetter |= over;
      if (cls & WHITE_SPACE) {
        white |= here;
        core &= ~here;
        overWhite |= over;
        overNotCore |= over;
      } else if (group == PUNCTUATION || group == SYMBOL) {
        core &= ~here;
        overNotCore |= over;
        if (group == SYMBOL) nSymbols++;
        else nPunctuation++;
        if (cp == 0x2026) nEllipses++;
        else if (cp == 0xfffd) nReplacements++;
      } else if (cls & DIGIT) {
        digit |= here;
        overDigit |= over;
      }
      if (cp < 0xa0) {
        nControls++;
        nReplacements++;
      }
    }
    nContinuations += <u32>popcnt(continuation);
  } else {
    overWhite = overDigit = overNotLetter = overNotCore = 0;
  }
  if (general) {
    const marks = valid & ~(core | white);
    nLetters += <u32>popcnt(letter & ~continuation);
    nDigits += <u32>popcnt(digit & ~continuation);
    nWhites += <u32>popcnt(white & ~continuation);
    nLetterRuns += runsOf(letter, topLetter);
    nDigitRuns += runsOf(digit, topDigit);
    nMarkRuns += runsOf(marks, topMark);
    nWhiteRuns += runsOf(white, topWhite);
    topLetter = letter >> 63;
    topDigit = digit >> 63;
    topMark = marks >> 63;
    topWhite = white >> 63;
  }
  mWhite = white | ~valid;
  mLetter = letter;
  mCore = core;
  mContinuation = continuation;
}

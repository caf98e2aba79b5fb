// The bytes of a text as they are compared, 64 at a time, as sets of bits: which belong to words, which are only a gap,
// and which take a look at what stands beside them (`kept` of ./same-text). A block may have more bits for a look than
// need it, never fewer.
import { BETWEEN, folded, GAP } from './same-text';
import { decode, lengthOfLead } from './unicode';

/** ASCII letters, digits and `_`, and code points beyond ASCII that do not stand between words. */
export let wordBits: u64 = 0;
/** Bytes beyond ASCII. */
export let wideBits: u64 = 0;
/** White space and what is read as such; of code points of several bytes, the first. */
export let gapBits: u64 = 0;
/** Between words, neither a gap nor nothing for certain; of code points of several bytes, the first. */
export let lookBits: u64 = 0;

/** Bits of the next block that belong to a code point of this one. */
let overWord: u64 = 0;
let overWide: u64 = 0;

// Classes of bytes by their two digits of four bits: a bit is set in both tables for the bytes of the class. A byte is
// of one class at most, so that a class and those above it are told by what overflows when something is added.
//   0x80 digits                  0x40 A-O a-o    0x20 P-Z p-z    0x10 _     words
//   0x08 ' , .                   0x04 : ;                                   nothing, unless a number follows
//   0x02 tab, line ends          0x01 space "                               gaps
const LOW = memory.data<u8>([
  0xa1, 0xe0, 0xe1, 0xe0, 0xe0, 0xe0, 0xe0, 0xe8, 0xe0, 0xe2, 0x66, 0x44, 0x48, 0x42, 0x48, 0x50,
], 16);
const HIGH = memory.data<u8>([0x02, 0, 0x09, 0x84, 0x40, 0x30, 0x40, 0x20, 0, 0, 0, 0, 0, 0, 0, 0], 16);

/** Before a block that does not begin inside of a code point. */
export function openBlocks(): void {
  overWord = overWide = 0;
}

// @ts-ignore: decorator
@inline
function classes(v: v128): v128 {
  const nibble = i8x16.splat(15);
  return v128.and(
    i8x16.swizzle(v128.load(LOW), v128.and(v, nibble)),
    i8x16.swizzle(v128.load(HIGH), v128.and(i16x8.shr_u(v, 4), nibble)),
  );
}

/** One bit for each byte of four vectors of which the highest bit is set. */
// @ts-ignore: decorator
@inline
function bits(a: v128, b: v128, c: v128, d: v128): u64 {
  return <u64>i8x16.bitmask(a) | (<u64>i8x16.bitmask(b) << 16) | (<u64>i8x16.bitmask(c) << 32) |
    (<u64>i8x16.bitmask(d) << 48);
}

/** One bit for each byte whose class is at least 0x80 - `add`. */
// @ts-ignore: decorator
@inline
function atLeast(a: v128, b: v128, c: v128, d: v128, add: i8): u64 {
  const s = i8x16.splat(add);
  return bits(i8x16.add_sat_u(a, s), i8x16.add_sat_u(b, s), i8x16.add_sat_u(c, s), i8x16.add_sat_u(d, s));
}

/** Reads the block at `p`, in a text that ends at `end`, or there; 65 bytes are loaded. */
// @ts-ignore: decorator
@inline
export function readBlock(p: usize, end: usize): void {
  const v0 = v128.load(p);
  const v1 = v128.load(p, 16);
  const v2 = v128.load(p, 32);
  const v3 = v128.load(p, 48);
  const left = end - p;
  const valid = left >= 64 ? ~(<u64>0) : left == 0 ? 0 : ~(<u64>0) >> (64 - <u64>left);
  const c0 = classes(v0);
  const c1 = classes(v1);
  const c2 = classes(v2);
  const c3 = classes(v3);
  const word = atLeast(c0, c1, c2, c3, 0x70) & valid;
  const notGap = atLeast(c0, c1, c2, c3, 0x7c);
  const known = atLeast(c0, c1, c2, c3, 0x7f);
  const digit = bits(c0, c1, c2, c3);
  const wide = bits(v0, v1, v2, v3) & valid;
  const next = <u32>load<u8>(p, 64);
  // Digits, and what may be a number beyond ASCII.
  const beforeNumber = ((digit | wide) >> 1) | (<u64>(next >= 0x80 || next - 0x30 < 10) << 63);
  wordBits = word;
  wideBits = wide;
  gapBits = known & ~notGap & valid;
  lookBits = valid & ~wide & (~known | (notGap & ~word & beforeNumber));
  if ((wide | overWide) != 0) readWide(p, wide);
}

function readWide(p: usize, wide: u64): void {
  let leads = wide & ~overWide;
  wordBits |= overWord;
  overWord = overWide = 0;
  while (leads != 0) {
    const bit = <u64>ctz(leads);
    const at = p + <usize>bit;
    const length = <u64>lengthOfLead(load<u8>(at));
    const ones = (<u64>1 << length) - 1;
    const here = ones << bit;
    const over = bit + length > 64 ? ones >> (64 - bit) : 0;
    leads &= ~here;
    overWide |= over;
    const v = folded(decode(at));
    if (!(v & BETWEEN)) {
      wordBits |= here;
      overWord |= over;
    } else if (v == (BETWEEN | GAP)) {
      gapBits |= (<u64>1) << bit;
    } else if (v != BETWEEN) {
      lookBits |= (<u64>1) << bit;
    }
  }
}

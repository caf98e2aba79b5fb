// Counts over the words of the lines that are no code and no table.
import { bitsOfWord, byteClasses, classOfByte, DIGIT, LETTER, LOWER, SPACE } from './part-tables';

// Bits of a word, as WORD in ../part-tables.ts.
const ENGLISH: u32 = 1;
const FOREIGN: u32 = 2;
const DETERMINER: u32 = 4;
const NOT_AFTER: u32 = 8;
const FILLER: u32 = 16;

const LETTER_RUN: u32 = 20;
/** The bit that tells small letters, in 8 bytes. */
const SMALL: u64 = 0x2020202020202020;

export let nWords: u32 = 0;
export let nEnglish: u32 = 0;
export let nForeign: u32 = 0;
export let nFiller: u32 = 0;
export let nPairs: u32 = 0;
export let nLetters: u32 = 0;
export let nOtherScript: u32 = 0;
export let nOdd: u32 = 0;
export let nRunOn: u32 = 0;
export let nMojibake: u32 = 0;

export function openWords(): void {
  nWords = nEnglish = nForeign = nFiller = nPairs = nLetters = nOtherScript = nOdd = nRunOn = nMojibake = 0;
}

/** Whether what begins at `at` is what a byte of UTF-8 becomes when it is read as one of Windows-1252. */
function brokenTail(at: usize): bool {
  const b = <u32>load<u8>(at);
  if (b == 0xc2 || b == 0xc5 || b == 0xc6 || b == 0xcb) return true;
  if (b != 0xe2) return false;
  const c = <u32>load<u8>(at, 1);
  return c == 0x80 || c == 0x82 || c == 0x84;
}

// @ts-ignore: decorator
@inline
function isOddMark(b: u32): bool {
  return b - 0x30 < 10 || b == 0x5e || b == 0x7e || b == 0x7c;
}

/** "INK4a and": what a digit stands before is no determiner. */
// @ts-ignore: decorator
@inline
function afterDigit(at: usize, start: usize): bool {
  return at > start && (classOfByte(at - 1) & DIGIT) != 0;
}

/** Whether the mark at `at` stands between two lower-case letters of a line. */
// @ts-ignore: decorator
@inline
function isOddAt(at: usize, start: usize, end: usize): bool {
  return at > start && at + 1 < end && (classOfByte(at - 1) & classOfByte(at + 1) & LOWER) != 0;
}

/** `/`, `_`, `#`, `@` and `=` are of addresses and names of programs. */
// @ts-ignore: decorator
@inline
function isOfNames(b: u32): bool {
  return b == 0x2f || b == 0x5f || b == 0x23 || b == 0x40 || b == 0x3d;
}

/** Whether the odd mark at `at` is the first of a word that is no address, no name of a program and no hash. */
function oddWord(at: usize, start: usize, end: usize): bool {
  let letters: u32 = 0;
  let digits: u32 = 0;
  for (let k = at; k > start; k--) {
    const b = <u32>load<u8>(k - 1);
    const cls = classOfByte(k - 1);
    if ((cls & SPACE) != 0) break;
    if (isOfNames(b) || (isOddMark(b) && isOddAt(k - 1, start, end))) return false;
    letters += cls & LETTER;
    digits += (cls & DIGIT) >> 1;
  }
  for (let k = at; k < end; k++) {
    const cls = classOfByte(k);
    if ((cls & SPACE) != 0) break;
    if (isOfNames(<u32>load<u8>(k))) return false;
    letters += cls & LETTER;
    digits += (cls & DIGIT) >> 1;
  }
  return letters >= 2 * digits;
}

/** Adds the words of a trimmed line; 64 bytes after it are readable. */
export function countWordsOf(start: usize, end: usize): void {
  const classes = byteClasses;
  // A determiner as it is written ends here.
  let determinerEnd: usize = 0;
  let i = start;
  while (i < end) {
    // Between words.
    const b = <u32>load<u8>(i);
    if (b < 0x80) {
      if ((load<u8>(classes + b) & LETTER) == 0) {
        if (isOddMark(b) && isOddAt(i, start, end)) nOdd += <u32>oddWord(i, start, end);
        i++;
        continue;
      }
    } else if (b == 0xc2) {
      i += 2;
      continue;
    } else if (b == 0xe2 && load<u8>(i, 1) == 0x80) {
      i += 3;
      continue;
    }
    // A word.
    const from = i;
    // Of up to 15 ASCII letters, as most are: its end is found at once.
    const v = v128.load(i);
    const small = v128.or(v, i8x16.splat(0x20));
    const isLetter = i8x16.lt_u(i8x16.sub(small, i8x16.splat(0x61)), i8x16.splat(26));
    const size = <u32>ctz(~<u32>i8x16.bitmask(isLetter));
    if (size > 0 && size < 16 && from + size <= end) {
      const next = <u32>load<u8>(i + size);
      if (next < 0x80 || from + size == end || next == 0xc2 || (next == 0xe2 && load<u8>(i + size, 1) == 0x80)) {
        i += size;
        nWords++;
        nLetters += size;
        if (size > 8) continue;
        const own = (<u64>-1) >> (64 - (<u64>size << 3));
        const raw = load<u64>(from) & own;
        const bits = bitsOfWord(raw | (SMALL & own));
        if (bits == 0) continue;
        nEnglish += bits & ENGLISH;
        nForeign += (bits & FOREIGN) >> 1;
        nFiller += (bits & FILLER) >> 4;
        if ((raw & SMALL) != (SMALL & own)) continue;
        if ((bits & NOT_AFTER) != 0 && determinerEnd != 0 && from == determinerEnd + 1 && load<u8>(determinerEnd) == 32)
          nPairs++;
        if ((bits & DETERMINER) != 0 && !afterDigit(from, start)) determinerEnd = i;
        continue;
      }
    }
    let key: u64 = 0;
    let shift: u64 = 0;
    let upper: u32 = 0;
    let run: u32 = 0;
    while (i < end) {
      const c = <u32>load<u8>(i);
      if (c < 0x80) {
        const cls = <u32>load<u8>(classes + c);
        if ((cls & LETTER) == 0) break;
        const isUpper = <u32>((cls & LOWER) == 0);
        upper |= isUpper;
        run = isUpper != 0 ? 0 : run + 1;
        nRunOn += <u32>(run == LETTER_RUN);
        if (shift < 64) key |= <u64>(c | 0x20) << shift;
        shift += 8;
        nLetters++;
        i++;
        continue;
      }
      if (c == 0xc2 || (c == 0xe2 && load<u8>(i, 1) == 0x80)) break;
      run = 0;
      const length: usize = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
      for (let k: usize = 0; k < length; k++) {
        if (shift < 64) key |= <u64>load<u8>(i + k) << shift;
        shift += 8;
      }
      nLetters++;
      if (c == 0xc3) {
        const d = <u32>load<u8>(i, 1);
        if (d >= 0x82 && (d <= 0x85 || d == 0xa2)) nMojibake += <u32>(i + 2 < end && brokenTail(i + 2));
      } else if (c >= 0xcd) {
        nOtherScript += <u32>(c != 0xe2 || load<u8>(i, 1) >= 0xb0);
      }
      i += length;
    }
    nWords++;
    let bits: u32 = 0;
    if (shift <= 64) bits = bitsOfWord(key);
    if (bits == 0) continue;
    nEnglish += bits & ENGLISH;
    nForeign += (bits & FOREIGN) >> 1;
    nFiller += (bits & FILLER) >> 4;
    if (upper != 0) continue;
    if ((bits & NOT_AFTER) != 0 && determinerEnd != 0 && from == determinerEnd + 1 && load<u8>(determinerEnd) == 32)
      nPairs++;
    if ((bits & DETERMINER) != 0 && !afterDigit(from, start)) determinerEnd = i;
  }
}

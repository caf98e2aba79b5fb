// The kind of a line, told from its bytes and from the lines before it; the rules are written at the plain reference,
// ../reference/line-kinds.ts.
import { continuations, equal, inClass } from './byte-masks';
import {
  byteClasses, classOfByte, DIGIT, digitRows, highRows, LETTER, letterRows, markRows, plainRows, RULE, SPACE, spaceRows,
  startsAsCode, startsWithCodeWord,
} from './part-tables';

export const BLANK: u32 = 0;
export const PROSE: u32 = 1;
export const SHORT: u32 = 2;
export const LIST: u32 = 3;
export const CODE: u32 = 4;
export const TABLE: u32 = 5;
const RULED: u32 = 6;
const META: u32 = 7;

const MOST_META: u32 = 60;

/** The line measured last, trimmed. */
export let lineStart: usize = 0;
export let lineEnd: usize = 0;
export let lineChars: u32 = 0;
let indent: i32 = 0;
let words: u32 = 0;
let letters: u32 = 0;
let digits: u32 = 0;
let marks: u32 = 0;
let plain: u32 = 0;
let pipes: u32 = 0;
let tightCommas: u32 = 0;
let gaps: u32 = 0;
let calls: u32 = 0;

// What the lines before leave behind.
let fence: u32 = 0;
let meta: bool = false;
let literal: i32 = -1;
let session: bool = false;
let previousKind: u32 = BLANK;
let afterBlank: bool = true;

/** Before the first line of a document. */
export function openLines(): void {
  fence = 0;
  meta = session = false;
  literal = -1;
  previousKind = BLANK;
  afterBlank = true;
}

// @ts-ignore: decorator
@inline
function spaceOrEnd(at: usize): bool {
  return at < lineStart || at >= lineEnd || (classOfByte(at) & SPACE) != 0;
}

/** Counts over a line, 64 bytes at a time; 64 bytes after the text are readable. */
function measure(from: usize, to: usize): void {
  let start = from;
  let end = to;
  indent = 0;
  while (start < to && (classOfByte(start) & SPACE) != 0) indent += load<u8>(start++) == 9 ? 4 : 1;
  while (end > start && (classOfByte(end - 1) & SPACE) != 0) end--;
  lineStart = start;
  lineEnd = end;
  lineChars = words = letters = digits = marks = plain = pipes = tightCommas = gaps = calls = 0;
  // Whether the token that is open at the start of a block has had a letter; whether the byte before is white space.
  let counted: bool = false;
  let spaceBefore: u64 = 0;
  for (let p = start; p < end; p += 64) {
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    const left = end - p;
    const valid = left >= 64 ? <u64>-1 : (<u64>-1) >> (64 - <u64>left);
    const wide = (<u64>i8x16.bitmask(a) | (<u64>i8x16.bitmask(b) << 16) | (<u64>i8x16.bitmask(c) << 32) |
      (<u64>i8x16.bitmask(d) << 48)) & valid;
    const lead = valid & ~continuations(a, b, c, d);
    const letter = (inClass(letterRows, highRows, a, b, c, d) & valid) | wide;
    const space = inClass(spaceRows, highRows, a, b, c, d) & valid;
    lineChars += <u32>popcnt(lead);
    letters += <u32>popcnt(letter & lead);
    digits += <u32>popcnt(inClass(digitRows, highRows, a, b, c, d) & valid);
    marks += <u32>popcnt(inClass(markRows, highRows, a, b, c, d) & valid);
    plain += <u32>popcnt(inClass(plainRows, highRows, a, b, c, d) & valid);

    // The first letter of each run of bytes that are no white space: the sum carries from it to the end of the run.
    const token = ~space & valid;
    const open = ctz(~token);
    const fresh = !counted ? letter : open >= 64 ? 0 : letter & ((<u64>-1) << open);
    words += <u32>popcnt(fresh & ~(token + fresh));
    const closing = clz(~token);
    const last = closing >= 64 ? <u64>-1 : closing == 0 ? 0 : ~((<u64>-1) >> closing);
    counted = (letter & last) != 0 || (closing >= 64 && counted);

    const after = p + 64 < end ? <u64>((classOfByte(p + 64) & SPACE) != 0) : 0;
    const spaceAfter = (space >> 1) | (after << 63);
    const tab = equal(9, a, b, c, d) & valid;
    if (((space & spaceAfter) | tab) != 0) {
      gaps += <u32>popcnt(tab);
      const wideSpace = space & ~tab & spaceAfter & ~((space << 1) | spaceBefore);
      for (let m = wideSpace; m != 0; m &= m - 1) gapAt(p + <usize>ctz(m));
    }
    spaceBefore = space >> 63;
    const comma = equal(0x2c, a, b, c, d) & valid;
    if (comma != 0) {
      tightCommas += <u32>popcnt(comma & ~spaceAfter) - <u32>(left <= 64 && (comma >> (<u64>left - 1)) != 0);
    }
    for (let m = equal(0x28, a, b, c, d) & valid; m != 0; m &= m - 1) parenAt(p + <usize>ctz(m));
    for (let m = equal(0x2f, a, b, c, d) & valid; m != 0; m &= m - 1) slashAt(p + <usize>ctz(m));
    for (let m = equal(0x7c, a, b, c, d) & valid; m != 0; m &= m - 1) {
      const at = p + <usize>ctz(m);
      pipes += <u32>(spaceOrEnd(at - 1) && spaceOrEnd(at + 1));
    }
  }
}

/** The first of several white spaces: a gap, unless a sentence ends before it. */
function gapAt(at: usize): void {
  const before = <u32>load<u8>(at - 1);
  gaps += <u32>(before != 0x2e && before != 0x3f && before != 0x21 && before != 0x3a);
}

function parenAt(at: usize): void {
  const before = at > lineStart ? <u32>load<u8>(at - 1) : 0;
  const closes = at + 1 < lineEnd && load<u8>(at + 1) == 0x29;
  calls += <u32>(closes || (before != 0 && ((load<u8>(byteClasses + before) & LETTER) != 0 || before == 0x5f)));
}

function slashAt(at: usize): void {
  calls += <u32>(at + 1 < lineEnd && load<u8>(at + 1) == 0x2f && at > lineStart && (classOfByte(at - 1) & SPACE) != 0);
}

function readsLikeProse(): bool {
  return words >= 6 && marks * 25 <= lineChars && digits * 5 <= lineChars;
}

/** A long line of words of common length: a paragraph with formulas or links in it. */
function readsLikeParagraph(): bool {
  return words >= 20 && words * 12 >= lineChars && marks * 5 <= lineChars && endsSentence();
}

/** Whether a mark of general punctuation ends at `k`: E2 80 and the byte. */
// @ts-ignore: decorator
@inline
function generalPunctuation(k: usize): bool {
  return k - lineStart >= 3 && load<u8>(k - 3) == 0xe2 && load<u8>(k - 2) == 0x80;
}

function endsSentence(): bool {
  let k = lineEnd;
  while (k > lineStart) {
    const b = <u32>load<u8>(k - 1);
    if (b != 0x22 && b != 0x27 && b != 0x29 && b != 0x5d && b != 0x2a && b != 0x5f) break;
    k--;
  }
  if (generalPunctuation(k) && (load<u8>(k - 1) == 0x9d || load<u8>(k - 1) == 0x99)) k -= 3;
  if (k == lineStart) return false;
  const last = <u32>load<u8>(k - 1);
  return last == 0x2e || last == 0x21 || last == 0x3f || (generalPunctuation(k) && last == 0xa6);
}

/** Bytes of the bullet that the line begins with, or 0. */
function bulletBytes(): usize {
  const b = <u32>load<u8>(lineStart);
  if (b == 0x2d || b == 0x2a || b == 0x2b || b == 0x7c) return 1;
  if (b == 0xc2) {
    const c = <u32>load<u8>(lineStart, 1);
    return c == 0xb7 || c == 0xbb ? 2 : 0;
  }
  if (b != 0xe2) return 0;
  const rest = <u32>load<u16>(lineStart, 1);
  // U+2022, U+2023, U+25CF, U+25E6, U+25AA.
  return rest == 0xa280 || rest == 0xa380 || rest == 0x8f97 || rest == 0xa697 || rest == 0xaa96 ? 3 : 0;
}

function isItem(): bool {
  const bullet = bulletBytes();
  if (bullet != 0) return lineStart + bullet < lineEnd && (classOfByte(lineStart + bullet) & SPACE) != 0;
  let k = lineStart;
  while (k < lineEnd && k < lineStart + 3 && (classOfByte(k) & DIGIT) != 0) k++;
  if (k == lineStart || k + 1 >= lineEnd || (load<u8>(k) != 0x2e && load<u8>(k) != 0x29)) return false;
  return (classOfByte(k + 1) & SPACE) != 0;
}

function isHeading(): bool {
  let k = lineStart;
  while (k < lineEnd && k < lineStart + 6 && load<u8>(k) == 0x23) k++;
  return k > lineStart && k < lineEnd && load<u8>(k) == 32 && words <= 12;
}

function looksLikeTable(): bool {
  if (pipes >= 2 && lineChars > 4) return true;
  if (tightCommas >= 3 && tightCommas * 2 >= words) return true;
  if (gaps >= 2 && (words <= 3 * (gaps + 1) || digits * 4 >= lineChars)) return true;
  return digits >= 4 && digits * 5 >= 2 * (lineChars - words);
}

function looksLikeCode(afterCode: bool): bool {
  if (startsAsCode(lineStart, lineEnd)) return true;
  if (readsLikeProse() && calls * 4 <= words) return false;
  const first = <u32>load<u8>(lineStart);
  const last = <u32>load<u8>(lineEnd - 1);
  if (last == 0x7b || last == 0x7d || last == 0x3b) return true;
  if (first == 0x3c && last == 0x3e && lineEnd - lineStart > 2) return true;
  if (letters + digits == 0) return afterCode && marks + plain > 0 && lineChars <= 6;
  if (readsLikeParagraph()) return false;
  if (marks >= 2 && marks * 10 >= lineChars) return true;
  const closes = last == 0x29 || last == 0x2c || last == 0x3a;
  if (calls > 0 && closes && words <= 6 + 2 * marks && plain * 8 >= lineChars) return true;
  if (afterCode && indent > 0) return true;
  const open = !endsSentence();
  if (marks > 0 && open && (afterCode || indent >= 4)) return true;
  return (marks > 0 || calls > 0 || (words <= 4 && open && afterCode)) && startsWithCodeWord(lineStart, lineEnd);
}

function isFence(): bool {
  const b = <u32>load<u8>(lineStart);
  const size = lineEnd - lineStart;
  return (b == 0x60 || b == 0x7e) && size >= 3 && size <= 24 && load<u8>(lineStart, 1) == b &&
    load<u8>(lineStart, 2) == b;
}

function isRule(): bool {
  if (lineEnd - lineStart < 3) return false;
  for (let i = lineStart; i < lineEnd; i++) if ((classOfByte(i) & RULE) == 0) return false;
  return true;
}

// @ts-ignore: decorator
@inline
function startsSession(): bool {
  const size = lineEnd - lineStart;
  return (size >= 4 && load<u32>(lineStart) == 0x203e3e3e) || (size >= 2 && load<u16>(lineStart) == 0x2024);
}

function kindOf(n: u32): u32 {
  const fences = isFence();
  if (fence != 0) {
    if (fences && load<u8>(lineStart) == fence) fence = 0;
    return CODE;
  }
  if (fences) {
    fence = <u32>load<u8>(lineStart);
    return CODE;
  }
  const size = lineEnd - lineStart;
  const dashes = size >= 3 && load<u16>(lineStart) == 0x2d2d && load<u8>(lineStart, 2) == 0x2d;
  if (n == 0 && dashes && size == 3) {
    meta = true;
  } else if (meta && (dashes || n > MOST_META)) {
    meta = false;
    return META;
  }
  if (meta) return META;
  if (indent <= literal) literal = -1;
  if (startsSession()) session = true;
  if (literal >= 0 || session) return CODE;
  if (isRule()) return RULED;
  if (isHeading()) return SHORT;
  if (isItem() && marks * 8 < lineChars) return words >= 8 || (words >= 4 && endsSentence()) ? PROSE : LIST;
  if (looksLikeTable()) return TABLE;
  if (looksLikeCode(previousKind == CODE && !afterBlank)) return CODE;
  if (size >= 2 && load<u16>(lineEnd - 2) == 0x3a3a) literal = indent;
  if (words <= 5 && lineChars <= 40 && !endsSentence()) return SHORT;
  return PROSE;
}

/** Measures the next line, number `n` of its document, and returns its kind. */
export function nextLine(from: usize, to: usize, n: u32): u32 {
  measure(from, to);
  if (lineStart == lineEnd) {
    session = false;
    afterBlank = true;
    return BLANK;
  }
  const kind = kindOf(n);
  previousKind = kind;
  afterBlank = false;
  return kind;
}

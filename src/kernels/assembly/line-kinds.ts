// The kind of a line, told from its bytes and from the lines before it; the rules are written at the plain reference,
// ../reference/line-kinds.ts.
import { byteClasses, classOfByte, CONTINUATION, DIGIT, LETTER, MARK, PLAIN, RULE, SPACE, startsAsCode,
  startsWithCodeWord } from './part-tables';

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

function measure(from: usize, to: usize): void {
  const classes = byteClasses;
  let start = from;
  let end = to;
  indent = 0;
  while (start < to && (classOfByte(start) & SPACE) != 0) indent += load<u8>(start++) == 9 ? 4 : 1;
  while (end > start && (classOfByte(end - 1) & SPACE) != 0) end--;
  lineStart = start;
  lineEnd = end;
  let c: u32 = 0;
  let w: u32 = 0;
  let l: u32 = 0;
  let d: u32 = 0;
  let m: u32 = 0;
  let p: u32 = 0;
  pipes = tightCommas = gaps = calls = 0;
  let open: u32 = 1;
  for (let i = start; i < end; i++) {
    const b = <u32>load<u8>(i);
    const cls = <u32>load<u8>(classes + b);
    const lead = <u32>((cls & CONTINUATION) == 0);
    const letter = cls & LETTER;
    const space = (cls & SPACE) >> 2;
    c += lead;
    l += letter & lead;
    w += letter & open;
    open = space | (open & (letter ^ 1));
    d += (cls & DIGIT) >> 1;
    m += (cls & MARK) >> 3;
    p += (cls & PLAIN) >> 4;
    // '(' ',' '/' '|', tab and space are the ones that need a look around.
    if (b == 32) {
      // Neither end of a trimmed line is white space.
      if ((classOfByte(i + 1) & SPACE) != 0) wideGap(i);
    } else if (b == 0x28) {
      const next = load<u8>(i + 1);
      const before = i > start ? <u32>load<u8>(i - 1) : 0;
      calls += <u32>((i + 1 < end && next == 0x29) || (before != 0 && ((load<u8>(classes + before) & LETTER) != 0 ||
        before == 0x5f)));
    } else if (b == 0x2c) {
      tightCommas += <u32>(i + 1 < end && (classOfByte(i + 1) & SPACE) == 0);
    } else if (b == 0x2f) {
      calls += <u32>(i + 1 < end && load<u8>(i + 1) == 0x2f && i > start && (classOfByte(i - 1) & SPACE) != 0);
    } else if (b == 0x7c) {
      pipes += <u32>(spaceOrEnd(i - 1) && spaceOrEnd(i + 1));
    } else if (b < 14 && space != 0) {
      if (b == 9) gaps++;
      else if ((classOfByte(i + 1) & SPACE) != 0) wideGap(i);
    }
  }
  lineChars = c;
  words = w;
  letters = l;
  digits = d;
  marks = m;
  plain = p;
}

/** White space that more white space follows: a gap if it is the first, and no sentence ends before it. */
function wideGap(at: usize): void {
  const before = <u32>load<u8>(at - 1);
  if ((load<u8>(byteClasses + before) & SPACE) != 0) return;
  if (before == 0x2e || before == 0x3f || before == 0x21 || before == 0x3a) return;
  gaps++;
}

function readsLikeProse(): bool {
  return words >= 6 && marks * 25 <= lineChars && digits * 5 <= lineChars;
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

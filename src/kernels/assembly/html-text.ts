// Text of a page block by block: white space collapsed, character references decoded, and what is in it counted.
import { arenaAlloc } from './arena';
import {
  B_BREAKS, B_CAPITALS, B_CHARS, B_COMMAS, B_DIGITS, B_ELEMENT, B_END, B_FURNITURE, B_HASH, B_HINTS, B_LINK_CHARS,
  B_MARKS, B_START, B_STOPS, B_WORDS, blockCount, bSet, ENTITIES, FNV, FURNITURE, isLetter, isWhite, MOST_ELEMENTS,
  newBlock, PRIME, windows1252, wordOf,
} from './html-state';

const SPACE: u32 = 0x20;
const NEWLINE: u32 = 0x0a;

export let text: usize = 0;
let to: usize = 0;
let start: usize = 0;
export let inLink: u32 = 0;
export let verbatim: bool = false;
let inlineHints: i32 = 0;
let pending: u32 = 0;
let chars: i32 = 0;
let linkChars: i32 = 0;
let words: i32 = 0;
let capitals: i32 = 0;
let digits: i32 = 0;
let commas: i32 = 0;
let stops: i32 = 0;
let breaks: i32 = 0;
let marks: i32 = 0;
let furniture: i32 = 0;
let hash: u32 = FNV;
let word: u32 = 0;
let wordHash: u32 = FNV;

export function openText(room: usize): void {
  text = arenaAlloc(room + 64);
  to = start = text;
  inLink = 0;
  verbatim = false;
  clear();
  word = 0;
}

export function setLink(on: u32): void {
  inLink = on;
}

export function setVerbatim(on: bool): void {
  verbatim = on;
}

export function addHints(bits: i32): void {
  inlineHints |= bits;
}

function clear(): void {
  pending = 0;
  chars = linkChars = words = capitals = digits = commas = stops = breaks = marks = furniture = inlineHints = 0;
  hash = FNV;
}

// @ts-ignore: decorator
@inline
function endWord(): void {
  if (word > 2 && wordHash != 0 && wordOf(FURNITURE, wordHash) >= 0) furniture++;
  word = 0;
}

// @ts-ignore: decorator
@inline
function letter(c: u32): void {
  if (word == 0) {
    words++;
    wordHash = FNV;
  }
  word++;
  if (wordHash != 0) wordHash = (wordHash ^ c) * PRIME;
  hash = (hash ^ c) * PRIME;
}

// @ts-ignore: decorator
@inline
function room(): void {
  if (pending != 0 && chars > 0) store<u8>(to++, <u8>pending);
  pending = 0;
}

// @ts-ignore: decorator
@inline
function count(): void {
  chars++;
  linkChars += <i32>inLink;
}

function white(c: u32): void {
  endWord();
  if (verbatim) {
    if (chars > 0 || c != NEWLINE) store<u8>(to++, <u8>c);
    else to = start;
  } else if (pending != NEWLINE) pending = c == 9 ? SPACE : c;
}

// @ts-ignore: decorator
@inline
function ascii(c: u32): void {
  if (isWhite(c)) {
    white(verbatim && (c == NEWLINE || c == 9) ? c : SPACE);
    return;
  }
  if (c < SPACE || c == 0x7f) return;
  room();
  if (isLetter(c)) {
    if (word == 0 && c < 0x61) capitals++;
    letter(c | 32);
  } else if (c - 0x30 < 10) {
    digits++;
    letter(c);
  } else {
    endWord();
    if (c == 0x2c) commas++;
    else if (c == 0x2e || c == 0x21 || c == 0x3f) stops++;
    else if (c == 0x7c || c == 0x3e || c == 0x2f) marks++;
  }
  count();
  store<u8>(to++, <u8>c);
}

function point(p: u32): void {
  if (p < 0x80) ascii(p);
  else if (p == 0xa0 || p == 0x3000 || p - 0x2000 <= 10 || p == 0x2028 || p == 0x2029) white(SPACE);
  else if (p == 0xad || p == 0x200b || p == 0xfeff || (p < 0xa0 && p != 0x85)) return;
  else {
    room();
    if (p == 0x3001 || p == 0xff0c) commas++;
    if (p == 0x3002 || p == 0xff01 || p == 0xff1f || p == 0x2026) stops++;
    if (p == 0xbb || p == 0x203a || p == 0xb7 || p == 0x2022 || p == 0xa9) marks++;
    letter(p & 0xff);
    wordHash = 0;
    write(p);
  }
}

function write(p: u32): void {
  count();
  if (p < 0x800) store<u8>(to++, <u8>(0xc0 | (p >> 6)));
  else {
    if (p < 0x10000) store<u8>(to++, <u8>(0xe0 | (p >> 12)));
    else {
      store<u8>(to++, <u8>(0xf0 | (p >> 18)));
      store<u8>(to++, <u8>(0x80 | ((p >> 12) & 63)));
    }
    store<u8>(to++, <u8>(0x80 | ((p >> 6) & 63)));
  }
  store<u8>(to++, <u8>(0x80 | (p & 63)));
}

/** Code point of the last reference that was read, and the byte after it. */
let refPoint: u32 = 0;
let refNext: usize = 0;

/** Reads the character reference at `at`; false where there is none. */
function reference(at: usize, stop: usize): bool {
  let i = at + 1;
  if (i < stop && load<u8>(i) == 0x23) return numeric(i + 1, stop);
  let h: u32 = FNV;
  let found = false;
  for (let n = 0; n < 8 && i < stop; n++, i++) {
    const c = <u32>load<u8>(i);
    if (!isLetter(c) && c - 0x30 >= 10) break;
    h = (h ^ c) * PRIME;
    const entity = wordOf(ENTITIES, h);
    if (entity < 0) continue;
    if (i + 1 < stop && load<u8>(i + 1) == 0x3b) {
      refPoint = <u32>entity >> 1;
      refNext = i + 2;
      return true;
    }
    if (entity & 1) {
      refPoint = <u32>entity >> 1;
      refNext = i + 1;
      found = true;
    }
  }
  return found;
}

function numeric(from: usize, stop: usize): bool {
  let i = from;
  const hex = i < stop && (load<u8>(i) | 32) == 0x78;
  if (hex) i++;
  const first = i;
  let value: u32 = 0;
  for (; i < stop; i++) {
    const c = <u32>load<u8>(i);
    let digit: i32 = -1;
    if (c - 0x30 < 10) digit = <i32>(c - 0x30);
    else if (hex && (c | 32) - 0x61 < 6) digit = <i32>((c | 32) - 0x57);
    if (digit < 0) break;
    value = min(value * (hex ? 16 : 10) + <u32>digit, 0x110000);
  }
  if (i == first) return false;
  if (i < stop && load<u8>(i) == 0x3b) i++;
  if (value - 0x80 < 0x20) value = load<u32>(windows1252 + (<usize>(value - 0x80) << 2));
  refPoint = value == 0 || value > 0x10ffff || value - 0xd800 < 0x800 ? 0xfffd : value;
  refNext = i;
  return true;
}

/** Appends source bytes from `from` to `stop`. */
export function append(from: usize, stop: usize): void {
  for (let i = from; i < stop; ) {
    const c = <u32>load<u8>(i);
    if (c == 0x26 && reference(i, stop)) {
      i = refNext;
      point(refPoint);
      continue;
    }
    if (c < 0x80) {
      ascii(c);
      i++;
    } else if (c < 0xe0) {
      point(((c & 31) << 6) | (<u32>load<u8>(i, 1) & 63));
      i += 2;
    } else if (c < 0xf0) {
      point(((c & 15) << 12) | ((<u32>load<u8>(i, 1) & 63) << 6) | (<u32>load<u8>(i, 2) & 63));
      i += 3;
    } else {
      point(
        ((c & 7) << 18) | ((<u32>load<u8>(i, 1) & 63) << 12) | ((<u32>load<u8>(i, 2) & 63) << 6) |
          (<u32>load<u8>(i, 3) & 63),
      );
      i += 4;
    }
  }
}

/** A line break of the page: `br`. */
export function lineBreak(): void {
  endWord();
  if (verbatim) {
    if (chars > 0) store<u8>(to++, <u8>NEWLINE);
  } else pending = NEWLINE;
  if (chars > 0) breaks++;
}

/** Ends the block at hand; it stands in `element`. Returns its code points. */
export function flush(element: i32): i32 {
  endWord();
  const own = chars;
  while (to > start && isWhite(<u32>load<u8>(to - 1))) to--;
  if (own > 0 && blockCount < MOST_ELEMENTS) {
    const b = newBlock();
    bSet(B_ELEMENT, b, element);
    bSet(B_START, b, <i32>(start - text));
    bSet(B_END, b, <i32>(to - text));
    bSet(B_CHARS, b, own);
    bSet(B_LINK_CHARS, b, linkChars);
    bSet(B_WORDS, b, words);
    bSet(B_CAPITALS, b, capitals);
    bSet(B_DIGITS, b, digits);
    bSet(B_COMMAS, b, commas);
    bSet(B_STOPS, b, stops);
    bSet(B_BREAKS, b, breaks);
    bSet(B_MARKS, b, marks);
    bSet(B_FURNITURE, b, furniture);
    bSet(B_HINTS, b, inlineHints);
    bSet(B_HASH, b, <i32>hash);
  } else if (own > 0) to = start;
  start = to;
  clear();
  return own;
}

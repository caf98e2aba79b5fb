// The one pass over a document: tokens, words and lines as records for the tables of duplicates.ts, and counts for statistics.ts.
import { arenaAlloc } from './arena';
import {
  classifyBlock, mContinuation, mCore, mDot, mLetter, mNewline, mUpper, mWhite, nLetters, nUppers, startCounts,
} from './classify';
import { firstBytes, functionWord, stopBit } from './function-words';
import { CLOSER, classAt, classOfAscii, GROUP, PUNCTUATION, previous, SYMBOL, TERMINAL, WHITE_SPACE } from './unicode';

/** Word record: u64 hash, u32 address, u32 bytes, u32 code points of this word and all before it. */
export const WORD_BYTES: usize = 24;
/** Line record (non-blank, trimmed): u32 address, u32 bytes, u32 code points, u32 paragraph from 1. */
export const LINE_BYTES: usize = 16;

export let words: usize = 0;
export let lines: usize = 0;

export let nTokens: u32 = 0;
export let nAlphaTokens: u32 = 0;
export let nDotRuns: u32 = 0;
export let nWords: u32 = 0;
export let nWordChars: u32 = 0;
export let maxWord: u32 = 0;
export let nFunctionWords: u32 = 0;
export let stopWords: u32 = 0;
export let nSentences: u32 = 0;
export let nLines: u32 = 0;
export let nParagraphs: u32 = 0;
export let nLineChars: u32 = 0;
export let maxLine: u32 = 0;
export let nShortLines: u32 = 0;
export let nBulletLines: u32 = 0;
export let nEllipsisLines: u32 = 0;
export let nTerminalLines: u32 = 0;
export let nCapitalLines: u32 = 0;

// Set by `trim`.
let wordStart: usize = 0;
let wordEnd: usize = 0;
let trimmed: u32 = 0;
let terminal: bool = false;

// The line being read.
let lineTokens: u32 = 0;
let lineStart: usize = 0;
let lineStartChars: u32 = 0;
let lineEnd: usize = 0;
let lineEndChars: u32 = 0;
let lineTerminal: bool = false;
let afterBlank: bool = true;
// Letters and upper-case letters before the line.
let lineLetters: u32 = 0;
let lineUppers: u32 = 0;

/** Trims punctuation and symbols off a token, and looks whether it ends in a terminal mark (closers may follow the mark). */
function trim(start: usize, end: usize): void {
  let s = start;
  let e = end;
  let count: u32 = 0;
  // Still in the closers at the end.
  let closing = true;
  terminal = false;
  while (e > s) {
    const at = previous(s, e);
    const cls = classAt(at);
    const group = cls & GROUP;
    if (closing && !(cls & CLOSER)) {
      closing = false;
      terminal = (cls & TERMINAL) != 0;
    }
    if (group != PUNCTUATION && group != SYMBOL) break;
    e = at;
    count++;
  }
  while (s < e) {
    const group = classAt(s) & GROUP;
    if (group != PUNCTUATION && group != SYMBOL) break;
    s++;
    while ((<u32>load<u8>(s) & 0xc0) == 0x80) s++;
    count++;
  }
  wordStart = s;
  wordEnd = e;
  trimmed = count;
}

/** 64-bit hash of bytes: multiply and fold, 8 bytes at a time, the last load overlapping. At least 9 bytes. */
export function hashBytes(at: usize, length: u32): u64 {
  let h: u64 = (<u64>length) * 0x9e3779b97f4a7c15;
  const last = at + length - 8;
  for (; at < last; at += 8) {
    h = (h ^ load<u64>(at)) * 0xff51afd7ed558ccd;
    h ^= h >> 32;
  }
  h = (h ^ load<u64>(last)) * 0xc4ceb9fe1a85ec53;
  return h ^ (h >> 29);
}

// @ts-ignore: decorator
@inline
function hashShort(key: u64, length: u32): u64 {
  let h = (key ^ ((<u64>length) * 0x9e3779b97f4a7c15)) * 0xff51afd7ed558ccd;
  h ^= h >> 32;
  return h * 0xc4ceb9fe1a85ec53;
}

/** A glyph • ‣ ● ◦ ▪, or '-' or '*' as a token of its own. */
// @ts-ignore: decorator
@inline
function isBullet(at: usize, end: usize): bool {
  const b = <u32>load<u8>(at);
  if (b == 0x2d || b == 0x2a) return at + 1 == end || (classAt(at + 1) & WHITE_SPACE) != 0;
  if (b != 0xe2) return false;
  const three = load<u32>(at) & 0xffffff;
  return three == 0xa280e2 || three == 0xa380e2 || three == 0x8f97e2 || three == 0xa697e2 || three == 0xaa96e2;
}

/** Ends a line: `letters` and `uppers` are those of the document up to here. */
function endLine(letters: u32, uppers: u32): void {
  if (lineTokens == 0) {
    afterBlank = true;
  } else {
    if (afterBlank) nParagraphs++;
    afterBlank = false;
    const chars = lineEndChars - lineStartChars;
    const record = lines + <usize>nLines * LINE_BYTES;
    store<u32>(record, <u32>lineStart);
    store<u32>(record, <u32>(lineEnd - lineStart), 4);
    store<u32>(record, chars, 8);
    store<u32>(record, nParagraphs, 12);
    nLines++;
    nLineChars += chars;
    if (chars > maxLine) maxLine = chars;
    if (chars <= 30) nShortLines++;
    if (lineTerminal) nTerminalLines++;
    if (isBullet(lineStart, lineEnd)) nBulletLines++;
    if (lineEnd - lineStart >= 3) {
      const tail = load<u32>(lineEnd - 4) >> 8;
      if (tail == 0x2e2e2e || tail == 0xa680e2) nEllipsisLines++;
    }
    if (letters > lineLetters && letters - lineLetters == uppers - lineUppers) nCapitalLines++;
    lineTokens = 0;
  }
  lineLetters = letters;
  lineUppers = uppers;
}

/** Room for the records: from the size for small documents, counted first for large ones. */
function reserve(text: usize, bytes: u32): void {
  let most = (bytes >> 1) + 1;
  let mostLines = most;
  if (bytes > 0x20000) {
    most = 1;
    mostLines = 1;
    let before = true;
    for (let i: u32 = 0; i < bytes; i++) {
      const b = <u32>load<u8>(text + i);
      const white = b == 32 || b - 9 < 5;
      most += <u32>(before && !white);
      // White space of several bytes starts with one of these four: taken for white space, at the cost of some room.
      before = white || b == 0xc2 || b - 0xe1 < 3;
      mostLines += <u32>(b == 10);
    }
  }
  words = arenaAlloc(<usize>most * WORD_BYTES);
  lines = arenaAlloc(<usize>mostLines * LINE_BYTES);
}

/** Reads the document of `bytes` bytes at `text` (4 bytes before it and 64 after it are readable). */
export function readText(text: usize, bytes: u32): void {
  reserve(text, bytes);
  startCounts();
  nTokens = nAlphaTokens = nDotRuns = nWords = nWordChars = maxWord = nFunctionWords = stopWords = nSentences = 0;
  nLines = nParagraphs = nLineChars = maxLine = nShortLines = nBulletLines = nEllipsisLines = nTerminalLines = nCapitalLines = 0;
  lineTokens = lineLetters = lineUppers = 0;
  afterBlank = true;

  let record = words;
  let continuationsBefore: u32 = 0;
  let inToken: u64 = 0;
  let topCore = false;
  let tokenStart: usize = 0;
  let tokenStartChars: u32 = 0;
  let startCore = false;
  // Letters seen in the token in earlier blocks; the mask of the token's bits in this block starts at its first.
  let hasLetter = false;
  let fromStart: u64 = 0;
  let dots: u32 = 0;

  // One block more when the text fills its last one: every token ends inside a block.
  for (let base: u32 = 0; base <= bytes; base += 64) {
    const left = bytes - base;
    const lettersBefore = nLetters;
    const uppersBefore = nUppers;
    classifyBlock(text + base, left >= 64 ? <u64>-1 : ((<u64>1) << left) - 1);
    const solid = ~mWhite;
    const core = mCore;
    const letter = mLetter;
    const newline = mNewline;
    const continuation = mContinuation;
    const turns = solid ^ ((solid << 1) | inToken);

    const dot = mDot;
    if ((dot & (dot >> 1)) != 0 || dots != 0) {
      let rest = dot;
      if (!(rest & 1)) {
        nDotRuns += dots / 3;
        dots = 0;
      }
      while (rest != 0) {
        const first = ctz(rest);
        const length = ctz(~(rest >> first));
        const run = <u32>length + (first == 0 ? dots : 0);
        if (first == 0) dots = 0;
        if (first + length == 64) {
          dots = run;
          break;
        }
        nDotRuns += run / 3;
        rest &= <u64>-1 << (first + length);
      }
    } else {
      dots = <u32>(dot >> 63);
    }

    let events = turns | newline;
    while (events != 0) {
      const bit = ctz(events);
      events &= events - 1;
      const below = ((<u64>1) << bit) - 1;
      const at = text + base + <usize>bit;
      if ((turns >> bit) & 1) {
        const chars = base + <u32>bit - continuationsBefore - <u32>popcnt(continuation & below);
        if ((solid >> bit) & 1) {
          tokenStart = at;
          tokenStartChars = chars;
          startCore = ((core >> bit) & 1) != 0;
          hasLetter = false;
          fromStart = ~below;
          if (lineTokens == 0) {
            lineStart = at;
            lineStartChars = chars;
          }
          lineTokens++;
          continue;
        }
        nTokens++;
        nAlphaTokens += <u32>(hasLetter || (letter & below & fromStart) != 0);
        lineEnd = at;
        lineEndChars = chars;
        const endCore = bit == 0 ? topCore : ((core >> (bit - 1)) & 1) != 0;
        let start = tokenStart;
        let end = at;
        let length = chars - tokenStartChars;
        lineTerminal = false;
        if (!(startCore && endCore)) {
          trim(tokenStart, at);
          start = wordStart;
          end = wordEnd;
          length -= trimmed;
          lineTerminal = terminal;
        }
        if (end > start) {
          const size = <u32>(end - start);
          nSentences += <u32>lineTerminal;
          nWords++;
          nWordChars += length;
          if (length > maxWord) maxWord = length;
          let hash: u64;
          if (size <= 8) {
            const key = firstBytes(load<u64>(start), size);
            const index = functionWord(key, size);
            nFunctionWords += <u32>(index != 0);
            stopWords |= stopBit(index);
            hash = hashShort(key, size);
          } else {
            hash = hashBytes(start, size);
          }
          store<u64>(record, hash);
          store<u32>(record, <u32>start, 8);
          store<u32>(record, size, 12);
          store<u32>(record, nWordChars, 16);
          record += WORD_BYTES;
        }
      }
      if ((newline >> bit) & 1) {
        endLine(
          lettersBefore + <u32>popcnt(letter & ~continuation & below),
          uppersBefore + <u32>popcnt(mUpper & below),
        );
      }
    }
    continuationsBefore += <u32>popcnt(continuation);
    inToken = solid >> 63;
    if (inToken != 0) {
      hasLetter = hasLetter || (letter & fromStart) != 0;
      fromStart = <u64>-1;
    }
    topCore = (core >> 63) != 0;
  }
  nDotRuns += dots / 3;
  endLine(nLetters, nUppers);
}

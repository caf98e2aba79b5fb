// The one pass over a document: tokens, words and lines as records for the tables of duplicates.ts, and counts for statistics.ts.
import { arenaAlloc } from './arena';
import {
  classifyBlock, mContinuation, mCore, mDot, mLetter, mNewline, mUpper, mWhite, nLetters, nUppers, startCounts,
} from './classify';
import { functionWord, stopBit } from './function-words';
import { CLOSER, classAt, classOfAscii, GROUP, PUNCTUATION, previous, SYMBOL, TERMINAL, WHITE_SPACE } from './unicode';

/** Line record (non-blank, trimmed): u32 address, u32 bytes, u32 code points, u32 paragraph from 1. */
export const LINE_BYTES: usize = 16;

// Words, one entry each: u64 hash; u32 address; u32 bytes; u32 code points of this word and all before it.
export let wordHashes: usize = 0;
export let wordStarts: usize = 0;
export let wordSizes: usize = 0;
export let wordChars: usize = 0;
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

// The line before the one being read.
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

/** Ends a line that was blank (`lineStart` = 0) or not; `letters` and `uppers` are those of the document up to here. */
function endLine(lineStart: usize, lineEnd: usize, chars: u32, lineTerminal: bool, letters: u32, uppers: u32): void {
  if (lineStart == 0) {
    afterBlank = true;
  } else {
    if (afterBlank) nParagraphs++;
    afterBlank = false;
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
  }
  lineLetters = letters;
  lineUppers = uppers;
}

/** Room for the records: from the size for small documents, counted first for large ones. */
function reserve(text: usize, bytes: u32): void {
  let most: usize = (bytes >> 1) + 1;
  let mostLines: usize = most;
  if (bytes > 0x20000) {
    most = 1;
    mostLines = 1;
    let before = true;
    for (let i: u32 = 0; i < bytes; i++) {
      const b = <u32>load<u8>(text + i);
      const white = b == 32 || b - 9 < 5;
      most += <usize>(before && !white);
      // White space of several bytes starts with one of these four: taken for white space, at the cost of some room.
      before = white || b == 0xc2 || b - 0xe1 < 3;
      mostLines += <usize>(b == 10);
    }
  }
  wordHashes = arenaAlloc(most * 8);
  wordStarts = arenaAlloc(most * 4);
  wordSizes = arenaAlloc(most * 4);
  wordChars = arenaAlloc(most * 4);
  lines = arenaAlloc(mostLines * LINE_BYTES);
}

/** Reads the document of `bytes` bytes at `text` (8 bytes before it and 64 after it are readable). */
export function readText(text: usize, bytes: u32): void {
  reserve(text, bytes);
  startCounts();
  nDotRuns = nLines = nParagraphs = nLineChars = maxLine = nShortLines = nBulletLines = nEllipsisLines = nTerminalLines = nCapitalLines = 0;
  lineLetters = lineUppers = 0;
  afterBlank = true;

  let tokens: u32 = 0;
  let alphaTokens: u32 = 0;
  let words: u32 = 0;
  let charsOfWords: u32 = 0;
  let longest: u32 = 0;
  let functions: u32 = 0;
  let stops: u32 = 0;
  let sentences: u32 = 0;

  // The line being read; start 0 = no token yet.
  let lineStart: usize = 0;
  let lineStartChars: u32 = 0;
  let lineEnd: usize = 0;
  let lineEndChars: u32 = 0;
  let lineTerminal = false;

  // The next token to end: its start, whether its first byte stays in the word, and letters seen in earlier blocks.
  let tokenStart: usize = 0;
  let tokenStartChars: u32 = 0;
  let startCore = false;
  let hasLetter = false;
  let fromStart: u64 = 0;

  let continuationsBefore: u32 = 0;
  let inToken: u64 = 0;
  let topCore: u64 = 0;
  let dots: u32 = 0;

  // One block more when the text fills its last one: every token ends inside a block.
  for (let base: u32 = 0; base <= bytes; base += 64) {
    const left = bytes - base;
    const lettersBefore = nLetters;
    const uppersBefore = nUppers;
    const block = text + base;
    classifyBlock(block, left >= 64 ? <u64>-1 : ((<u64>1) << left) - 1);
    const solid = ~mWhite;
    const core = mCore;
    const letter = mLetter;
    const continuation = mContinuation;
    // Whether the byte before stays in a word.
    const beforeCore = (core << 1) | topCore;
    const charsBefore = base - continuationsBefore;
    const follows = (solid << 1) | inToken;
    let starts = solid & ~follows;
    let ends = ~solid & follows;
    let newlines = mNewline;

    const dot = mDot;
    if (((dot & (dot >> 1)) | <u64>dots) != 0) dots = countDots(dot, dots);
    else dots = <u32>(dot >> 63);

    if (inToken == 0) {
      const bit = ctz(starts);
      starts &= starts - 1;
      const below = ((<u64>1) << bit) - 1;
      tokenStart = block + <usize>bit;
      tokenStartChars = charsBefore + <u32>bit - <u32>popcnt(continuation & below);
      startCore = ((core >> bit) & 1) != 0;
      hasLetter = false;
      fromStart = ~below;
    }
    while (true) {
      // Tokens of this line: those that end up to the next \n.
      let some = newlines == 0 ? ends : ends & (newlines ^ (newlines - 1));
      ends ^= some;
      while (some != 0) {
        const bit = ctz(some);
        some &= some - 1;
        const below = ((<u64>1) << bit) - 1;
        const at = block + <usize>bit;
        const chars = charsBefore + <u32>bit - <u32>popcnt(continuation & below);
        tokens++;
        alphaTokens += <u32>((letter & below & fromStart) != 0) | <u32>hasLetter;
        lineStartChars = lineStart == 0 ? tokenStartChars : lineStartChars;
        lineStart = lineStart == 0 ? tokenStart : lineStart;
        lineEnd = at;
        lineEndChars = chars;
        let start = tokenStart;
        let end = at;
        let length = chars - tokenStartChars;
        lineTerminal = false;
        if (!startCore || ((beforeCore >> bit) & 1) == 0) {
          const last = <u32>load<u8>(at - 1);
          if (startCore && ((beforeCore >> (bit - 1)) & 1) != 0 && bit != 0 && last < 0x80) {
            // The most frequent case: one mark after a word.
            end--;
            length--;
            lineTerminal = (classOfAscii(last) & TERMINAL) != 0;
          } else {
            trim(start, end);
            start = wordStart;
            end = wordEnd;
            length -= trimmed;
            lineTerminal = terminal;
          }
        }
        if (end > start) {
          const size = <u32>(end - start);
          const long = size > 8;
          const cut: u64 = <u64>-1 >> ((8 - <u64>(long ? 8 : size)) << 3);
          const key = load<u64>(start) & cut;
          const index = long ? 0 : functionWord(key, cut);
          functions += <u32>(index != 0);
          stops |= stopBit(index);
          // One to one for words of one size up to 8 bytes, and without a branch up to 16.
          let hash = (key ^ ((<u64>size) * 0x9e3779b97f4a7c15)) * 0xff51afd7ed558ccd;
          hash ^= long ? load<u64>(end - 8) * 0x9fb21c651e98df25 : 0;
          hash ^= hash >> 32;
          hash *= 0xc4ceb9fe1a85ec53;
          if (size > 16) hash = hashBytes(start, size);
          sentences += <u32>lineTerminal;
          charsOfWords += length;
          longest = length > longest ? length : longest;
          store<u64>(wordHashes + (<usize>words << 3), hash);
          store<u32>(wordStarts + (<usize>words << 2), <u32>start);
          store<u32>(wordSizes + (<usize>words << 2), size);
          store<u32>(wordChars + (<usize>words << 2), charsOfWords);
          words++;
        }
        const next = ctz(starts);
        starts &= starts - 1;
        const belowNext = ((<u64>1) << next) - 1;
        tokenStart = block + <usize>next;
        tokenStartChars = charsBefore + <u32>next - <u32>popcnt(continuation & belowNext);
        startCore = ((core >> next) & 1) != 0;
        hasLetter = false;
        fromStart = ~belowNext;
      }
      if (newlines == 0) break;
      const below = ((<u64>1) << ctz(newlines)) - 1;
      endLine(
        lineStart,
        lineEnd,
        lineEndChars - lineStartChars,
        lineTerminal,
        lettersBefore + <u32>popcnt(letter & ~continuation & below),
        uppersBefore + <u32>popcnt(mUpper & below),
      );
      lineStart = 0;
      newlines &= newlines - 1;
    }
    continuationsBefore += <u32>popcnt(continuation);
    inToken = solid >> 63;
    if (inToken != 0) {
      hasLetter = hasLetter || (letter & fromStart) != 0;
      fromStart = <u64>-1;
    }
    topCore = core >> 63;
  }
  nDotRuns += dots / 3;
  endLine(lineStart, lineEnd, lineEndChars - lineStartChars, lineTerminal, nLetters, nUppers);
  nTokens = tokens;
  nAlphaTokens = alphaTokens;
  nWords = words;
  nWordChars = charsOfWords;
  maxWord = longest;
  nFunctionWords = functions;
  stopWords = stops;
  nSentences = sentences;
}

/** Adds the '...' of the runs of full stops that end in this block, after one of `open` at its start; returns the run open at its end. */
function countDots(mask: u64, open: u32): u32 {
  let rest = mask;
  if (!(rest & 1)) {
    nDotRuns += open / 3;
    open = 0;
  }
  while (rest != 0) {
    const first = ctz(rest);
    const length = ctz(~(rest >> first));
    const run = <u32>length + open;
    open = 0;
    if (first + length == 64) return run;
    nDotRuns += run / 3;
    rest &= <u64>-1 << (first + length);
  }
  return 0;
}

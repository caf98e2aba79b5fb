// The one pass over a document: tokens, words and lines as records for the tables of duplicates.ts, and counts for
// statistics.ts.
import { arenaAlloc } from './arena';
import { general, nContinuations, nNewlines } from './classify';
import { charsBefore, continuationBits, coreBits, edges, letterBits, mostLines, mostTokens, newlines, openText,
  window } from './edges';
import { FUNCTION_SHIFT, functionKeys, functionMultiplier, functionSlots, functionStops,
  LOWER } from './function-words';
import {
  classAt, classOfAscii, CLOSER, GROUP, LETTER, lengthOfLead, previous, PUNCTUATION, SYMBOL, TERMINAL, UPPERCASE,
    WHITE_SPACE,
} from './unicode';

/** Line record (non-blank, trimmed): u32 address, u32 bytes, u32 code points, u32 paragraph from 1. */
export const LINE_BYTES: usize = 16;

// Words, one entry each. Two u64 keys: the first 8 bytes, and of words longer than that the last 8 (longer than 16: a
// hash); u32 address; u32 bytes; u32 code points of this word and all before it.
export let wordKeys: usize = 0;
export let wordStarts: usize = 0;
export let wordSizes: usize = 0;
export let wordChars: usize = 0;
export let lines: usize = 0;

export let nTokens: u32 = 0;
export let nAlphaTokens: u32 = 0;
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

let afterBlank: bool = true;


/** Whether a token ends in a terminal mark, which closers may follow. */
export function isTerminal(start: usize, end: usize): bool {
  while (end > start) {
    const at = previous(start, end);
    const cls = classAt(at);
    if (!(cls & CLOSER)) return (cls & TERMINAL) != 0;
    end = at;
  }
  return false;
}

/** Trims punctuation and symbols off a long token. */
function trim(start: usize, end: usize): void {
  while (end > start) {
    const at = previous(start, end);
    const group = classAt(at) & GROUP;
    if (group != PUNCTUATION && group != SYMBOL) break;
    end = at;
  }
  while (start < end) {
    const group = classAt(start) & GROUP;
    if (group != PUNCTUATION && group != SYMBOL) break;
    start += lengthOfLead(<u32>load<u8>(start));
  }
  wordStart = start;
  wordEnd = end;
}

/** Whether anything is left of a token when punctuation and symbols are trimmed off it. */
export function hasWord(start: usize, end: usize): bool {
  trim(start, end);
  return wordEnd > wordStart;
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

/** Whether a line has letters, all of them upper case. Nearly always the second letter tells. */
function isCapital(start: usize, end: usize): bool {
  let upper = false;
  for (let at = start; at < end; ) {
    const cls = classAt(at);
    if ((cls & GROUP) == LETTER) {
      if (!(cls & UPPERCASE)) return false;
      upper = true;
    }
    at += lengthOfLead(<u32>load<u8>(at));
  }
  return upper;
}

/** Ends a line that is not blank. */
function endLine(start: usize, end: usize, chars: u32, endsTerminal: bool): void {
  if (afterBlank) nParagraphs++;
  afterBlank = false;
  const record = lines + <usize>nLines * LINE_BYTES;
  store<u32>(record, <u32>start);
  store<u32>(record, <u32>(end - start), 4);
  store<u32>(record, chars, 8);
  store<u32>(record, nParagraphs, 12);
  nLines++;
  nLineChars += chars;
  if (chars > maxLine) maxLine = chars;
  if (chars <= 30) nShortLines++;
  if (endsTerminal) nTerminalLines++;
  if (isBullet(start, end)) nBulletLines++;
  if (general && isCapital(start, end)) nCapitalLines++;
  if (end - start >= 3) {
    const tail = load<u32>(end - 4) >> 8;
    if (tail == 0x2e2e2e || tail == 0xa680e2) nEllipsisLines++;
  }
}

/**
 * Reads the document of `bytes` bytes at `text` (8 bytes before it and 64 after it are readable). Without `withGeneral`
 * the counts that only the family `text` needs are left out.
 */
export function readText(text: usize, bytes: u32, withGeneral: bool): void {
  openText(text, bytes, withGeneral);
  wordKeys = arenaAlloc(mostTokens * 16);
  wordStarts = arenaAlloc(mostTokens * 4);
  wordSizes = arenaAlloc(mostTokens * 4);
  wordChars = arenaAlloc(mostTokens * 4);
  // A line that is not blank has a token.
  lines = arenaAlloc(min(mostTokens, mostLines) * LINE_BYTES);
  nLines = nParagraphs = nLineChars = maxLine = nShortLines = nBulletLines =
    nEllipsisLines = nTerminalLines = nCapitalLines = 0;
  afterBlank = true;
  if (nContinuations == 0) readTokens(text, bytes, true);
  else readTokens(text, bytes, false);
}

/** Whether a long token has a letter. */
function hasLetter(from: u32, to: u32): bool {
  for (let at = from; at < to; at++) if (window(letterBits, at) & 1) return true;
  return false;
}

/** Second half: the tokens, line by line. `ascii` is constant where it is called, so there are two loops. */
// @ts-ignore: decorator
@inline
function readTokens(text: usize, bytes: u32, ascii: bool): void {
  // Copies of what would be read again after every store.
  const wordsKeys = wordKeys;
  const wordAddresses = wordStarts;
  const sizes = wordSizes;
  const chars = wordChars;
  const core = coreBits;
  const letters = letterBits;
  const continuations = continuationBits;
  const slots = functionSlots;
  const keys = functionKeys;
  const multiplier = functionMultiplier;
  const stopBits = functionStops;
  let alphaTokens: u32 = 0;
  let words: u32 = 0;
  let charsOfWords: u32 = 0;
  let longest: u32 = 0;
  let functions: u32 = 0;
  let stops: u32 = 0;
  let sentences: u32 = 0;
  let edge = edges;
  for (let k: u32 = 0; k <= nNewlines; k++) {
    const stop = k < nNewlines ? load<u32>(newlines + (<usize>k << 2)) : bytes;
    const first = edge;
    let endsTerminal = false;
    for (; load<u32>(edge, 4) <= stop; edge += 8) {
      const from = load<u32>(edge);
      const to = load<u32>(edge, 4);
      const bytesOfToken = to - from;
      let start: usize;
      let end: usize;
      let length: u32;
      if (bytesOfToken <= 56) {
        // Bit i of a window is byte i of the token: its ends are trimmed by counting zeros, without a branch.
        const own = <u64>-1 >> (64 - bytesOfToken);
        const kept = window(core, from) & own;
        alphaTokens += <u32>((window(letters, from) & own) != 0);
        // Only tokens that end in a mark can end in a terminal one.
        const last = <u32>load<u8>(text + to - 1);
        const cls = last < 0x80 ? classOfAscii(last) : CLOSER;
        endsTerminal = (cls & TERMINAL) != 0;
        const trailing = <u32>clz(kept) - (64 - bytesOfToken);
        if ((cls & CLOSER) != 0 && trailing != 0) endsTerminal = isTerminal(text + from, text + to);
        if (kept == 0) continue;
        start = text + from + <usize>ctz(kept);
        end = text + to - trailing;
        length = <u32>(end - start);
        if (!ascii) {
          const inWord = own >> trailing & (<u64>-1 << ctz(kept));
          length -= <u32>popcnt(window(continuations, from) & inWord);
        }
      } else {
        alphaTokens += <u32>hasLetter(from, to);
        endsTerminal = isTerminal(text + from, text + to);
        trim(text + from, text + to);
        start = wordStart;
        end = wordEnd;
        if (start == end) continue;
        length = charsBefore(<u32>(end - text)) - charsBefore(<u32>(start - text));
      }
      const size = <u32>(end - start);
      // Arithmetic instead of selects, which the engine turns into branches that the text misleads.
      const long = <u64>(size > 8);
      const cut: u64 = (<u64>-1 >> ((8 - <u64>size) << 3)) | (0 - long);
      const key = load<u64>(start) & cut;
      // Setting bit 5 makes letters lower case and nothing else a letter.
      const lower = (key | LOWER) & cut;
      const held = <u32>load<u8>(slots + <usize>((lower * multiplier) >> FUNCTION_SHIFT));
      const isFunction = <u32>(load<u64>(keys + ((<usize>held) << 3)) == lower) & <u32>(size <= 8);
      functions += isFunction;
      stops |= <u32>load<u8>(stopBits + held) & (0 - isFunction);
      let tail = load<u64>(end - 8) & (0 - long);
      if (size > 16) tail = hashBytes(start, size);
      sentences += <u32>endsTerminal;
      charsOfWords += length;
      longest = length > longest ? length : longest;
      store<u64>(wordsKeys + (<usize>words << 4), key);
      store<u64>(wordsKeys + (<usize>words << 4), tail, 8);
      store<u32>(wordAddresses + (<usize>words << 2), <u32>start);
      store<u32>(sizes + (<usize>words << 2), size);
      store<u32>(chars + (<usize>words << 2), charsOfWords);
      words++;
    }
    if (edge == first) {
      afterBlank = true;
      continue;
    }
    const from = load<u32>(first);
    const to = load<u32>(edge - 4);
    endLine(text + from, text + to, charsBefore(to) - charsBefore(from), endsTerminal);
  }
  nTokens = <u32>((edge - edges) >> 3);
  nAlphaTokens = alphaTokens;
  nWords = words;
  nWordChars = charsOfWords;
  maxWord = longest;
  nFunctionWords = functions;
  stopWords = stops;
  nSentences = sentences;
}

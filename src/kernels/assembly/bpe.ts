// Byte-level BPE over documents: added tokens, pieces, merges. The definition is ../reference/bpe.ts.
import { addedFlags, addedId, findAdded, isAlone, LEFT, matchEnd, matchStart, matchToken, RIGHT, SINGLE_WORD,
  whiteBefore } from './bpe-added';
import { encodePiece } from './bpe-cache';
import { endGpt2, endGpt4, endO200k } from './bpe-split';
import { classHere, DIGIT, UNUSUAL, WHITE } from './bpe-tables';
import { lengthOfLead } from './unicode';

// What parts a text into pieces, as PIECES in ../pre-tokenizers.ts.
const GPT2: u32 = 0;
const GPT4: u32 = 1;
const QWEN2: u32 = 2;

let kind: u32 = 0;
/** Numbers: 0 as they come, 1 each one a piece of its own before all else, 2 each run. */
let numbersApart: u32 = 0;

export function bpeOpen(pieces: u32, numbers: u32): void {
  kind = pieces;
  numbersApart = numbers;
}

function encodePieces(at: usize, end: usize, out: usize): usize {
  if (kind == GPT2) {
    while (at < end) {
      const stop = endGpt2(at, end);
      out = encodePiece(at, stop, out);
      at = stop;
    }
  } else if (kind == GPT4 || kind == QWEN2) {
    const digits: u32 = kind == GPT4 ? 3 : 1;
    while (at < end) {
      const stop = endGpt4(at, end, digits);
      out = encodePiece(at, stop, out);
      at = stop;
    }
  } else {
    while (at < end) {
      const stop = endO200k(at, end);
      out = encodePiece(at, stop, out);
      at = stop;
    }
  }
  return out;
}

// @ts-ignore: decorator
@inline
function next(at: usize): usize {
  return at + <usize>lengthOfLead(<u32>load<u8>(at));
}

/** Numbers are texts of their own, and so is what is between them. */
function encodeApart(at: usize, end: usize, out: usize): usize {
  let from = at;
  while (at < end) {
    if (!(classHere(at) & DIGIT)) {
      at = next(at);
      continue;
    }
    out = encodePieces(from, at, out);
    from = at;
    at = next(at);
    if (numbersApart == 2) while (at < end && classHere(at) & DIGIT) at = next(at);
    out = encodePieces(from, at, out);
    from = at;
  }
  return encodePieces(from, end, out);
}

// Of the last added token that was found.
let tokenStart: usize = 0;
let tokenStop: usize = 0;
let tokenId: u32 = 0;

/**
 * The next added token of a set at `at` or after it, in a text from `from` to `end` of which `done` is behind; white
 * space that it takes with it is part of it. Sets tokenStart, tokenStop and tokenId; matchEnd is where to look on.
 */
function nextAdded(set: u32, from: usize, at: usize, done: usize, end: usize): bool {
  while (findAdded(set, at, end)) {
    at = matchEnd;
    const flags = addedFlags(set, matchToken);
    if (flags & SINGLE_WORD && !isAlone(from, matchStart, matchEnd, end)) continue;
    tokenStart = matchStart;
    tokenStop = matchEnd;
    tokenId = addedId(set, matchToken);
    // What the token before took of the white space stays with it.
    if (flags & LEFT) tokenStart = max(whiteBefore(from, tokenStart), done);
    if (flags & RIGHT) while (tokenStop < end && classHere(tokenStop) & WHITE) tokenStop = next(tokenStop);
    return true;
  }
  return false;
}

/** A text between added tokens of the sets before `set`. */
function encodeText(set: u32, from: usize, end: usize, out: usize): usize {
  if (set == 2) return numbersApart == 0 ? encodePieces(from, end, out) : encodeApart(from, end, out);
  let done = from;
  let at = from;
  while (nextAdded(set, from, at, done, end)) {
    at = matchEnd;
    const stop = tokenStop;
    const id = tokenId;
    if (done < tokenStart) out = encodeText(set + 1, done, tokenStart, out);
    store<u32>(out, id);
    out += 4;
    done = stop;
  }
  return done < end ? encodeText(set + 1, done, end, out) : out;
}

/** Added tokens of the first set in a text: start and end in it, and id, at `out`. Returns their number. */
export function bpeMatches(text: usize, bytes: u32, out: usize): u32 {
  const end = text + <usize>bytes;
  let n: u32 = 0;
  let done = text;
  for (let at = text; nextAdded(0, text, at, done, end); n++) {
    at = matchEnd;
    done = tokenStop;
    store<u32>(out, <u32>(tokenStart - text));
    store<u32>(out, <u32>(tokenStop - text), 4);
    store<u32>(out, tokenId, 8);
    out += 12;
  }
  return n;
}

/**
 * Ids of rows of UTF-8, one after the other, to `out`, which has room for one a byte and 16 bytes more; returns where
 * they end. `ends`: where each row's end, in ids. `wanted`, one byte a row (0: all are): 0 = none, 1 = all of it, 2 =
 * no added tokens of the first set. 64 bytes after the text can be read.
 */
export function bpeEncode(text: usize, offsets: usize, rows: u32, wanted: usize, out: usize, ends: usize): usize {
  const first = out;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const how: u32 = wanted == 0 ? 1 : <u32>load<u8>(wanted + row);
    if (how != 0) {
      const start = text + load<u32>(offsets + (row << 2));
      const end = text + load<u32>(offsets + (row << 2), 4);
      out = encodeText(how == 1 ? 0 : 1, start, end, out);
    }
    store<u32>(ends + (row << 2), <u32>((out - first) >> 2));
  }
  return out;
}

/** One byte a row to `out`: 1 = it has code points that a text in NFC may not have everywhere. */
export function bpeUnusual(text: usize, offsets: usize, rows: u32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    let at = text + load<u32>(offsets + (row << 2));
    const end = text + load<u32>(offsets + (row << 2), 4);
    let unusual: u8 = 0;
    while (at < end) {
      // Sixteen ASCII bytes at once.
      if (i8x16.bitmask(v128.load(at)) == 0) {
        at += 16;
        continue;
      }
      const byte = <u32>load<u8>(at);
      if (byte >= 0x80 && classHere(at) & UNUSUAL) {
        unusual = 1;
        break;
      }
      at += byte < 0x80 ? 1 : <usize>lengthOfLead(byte);
    }
    store<u8>(out + row, unusual);
  }
}

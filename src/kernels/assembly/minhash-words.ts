// The words of a text as they are compared, in one pass over UTF-8; the definition is ../reference/minhash.ts. Runs of
// ASCII letters, digits and `_` are found 64 bytes at a time; a run with other code points takes the slow path, word by
// word.
import {
  characters, filled, flush, hashOf, openUnits, setFilled, step8, take, takeAt, WORD_SEED,
} from './minhash-shingles';
import {
  ALONE, CODE_POINT, folded, GAP, kept, keptAscii, MARK, openFolded, SEVERAL, severalAt,
} from './same-text';
import { decode, lengthOfLead } from './unicode';
import { gapBits, lookBits, openBlocks, readBlock, wideBits, wordBits } from './word-blocks';

const SPACE: u32 = 32;

/** End of the normalised text written so far. */
let out: usize = 0;
let anyWord: bool = false;

/** Begin of the word in work, or 0; and of the operators before the next one, which end at `out`. */
let open: usize = 0;
let operators: usize = 0;
/** Whether a gap came after the last word, and whether that was of a script without spaces. */
let gap: bool = false;
let alone: bool = false;
/** Whether a word has ended in this text. */
let ended: bool = false;
/** Marks of the letter in work, in order. */
const marks = memory.data(64 * 4);
const MOST_MARKS: u32 = 64;
let marked: u32 = 0;

/** The unit or units of the word whose folded bytes are `at` .. `out`. */
function word(at: usize): void {
  if (characters) {
    if (anyWord) take(step8(WORD_SEED, <u64>SPACE));
    anyWord = true;
    while (at < out) {
      take(step8(WORD_SEED, <u64>decode(at)));
      at += lengthOfLead(load<u8>(at));
    }
    return;
  }
  take(hashOf(at, out));
}

// @ts-ignore: decorator
@inline
function begin(isAlone: bool): void {
  if (gap && operators == out && !alone && !isAlone && ended) {
    store<u8>(out, <u8>GAP);
    out++;
    operators = out;
  }
  open = operators;
  gap = false;
  alone = isAlone;
}

// @ts-ignore: decorator
@inline
function close(): void {
  open = 0;
  operators = out;
  ended = true;
}

/** A run of ASCII letters, digits and `_`, which the bit of lower case makes U+007F. */
// @ts-ignore: decorator
@inline
function asciiRun(at: usize, length: usize): void {
  begin(false);
  for (let i: usize = 0; i < length; i += 8) store<u64>(out + i, load<u64>(at + i) | 0x2020202020202020);
  out += length;
  word(open);
  close();
}

function putMarks(): void {
  for (let i: u32 = 0; i < marked; i++) write(load<u32>(marks + (<usize>i << 2)));
  marked = 0;
}

/** Marks stay sorted. */
function putMark(cp: u32): void {
  if (open == 0) begin(false);
  if (marked == MOST_MARKS) putMarks();
  let i = marked++;
  for (; i > 0 && load<u32>(marks + (<usize>(i - 1) << 2)) > cp; i--) {
    store<u32>(marks + (<usize>i << 2), load<u32>(marks + (<usize>(i - 1) << 2)));
  }
  store<u32>(marks + (<usize>i << 2), cp);
}

function endWide(): void {
  if (open == 0) return;
  putMarks();
  word(open);
  close();
}

function put(v: u32): void {
  if (v & MARK) {
    putMark(v & CODE_POINT);
    return;
  }
  const isAlone = (v & ALONE) != 0;
  if (isAlone || alone) endWide();
  if (open == 0) begin(isAlone);
  putMarks();
  write(v & CODE_POINT);
}

/** A run with code points beyond ASCII, none of them between words. */
function wideRun(p: usize, end: usize): void {
  while (p < end) {
    const v = folded(decode(p));
    p += lengthOfLead(<u32>load<u8>(p));
    if (v == 0) continue;
    if (!(v & SEVERAL)) {
      put(v);
      continue;
    }
    const at = severalAt(v);
    const count = load<u32>(at);
    for (let i: u32 = 1; i <= count; i++) put(load<u32>(at + (<usize>i << 2)));
  }
  endWide();
}

/** Writes what is kept of the code points at the bits of a block, in order; true when one of them is a gap. */
function look(block: usize, bits: u64): bool {
  let isGap = false;
  for (; bits != 0; bits &= bits - 1) {
    const p = block + <usize>ctz(bits);
    const b = <u32>load<u8>(p);
    const c = b < 0x80 ? keptAscii(p, b) : kept(p, folded(decode(p)));
    if (c == GAP) isGap = true;
    else if (c != 0) write(c);
  }
  return isGap;
}

function write(cp: u32): void {
  if (cp < 0x80) {
    store<u8>(out, <u8>cp);
    out++;
  } else if (cp < 0x800) {
    store<u8>(out, <u8>(0xc0 | (cp >> 6)));
    store<u8>(out, <u8>(0x80 | (cp & 63)), 1);
    out += 2;
  } else if (cp < 0x10000) {
    store<u8>(out, <u8>(0xe0 | (cp >> 12)));
    store<u8>(out, <u8>(0x80 | ((cp >> 6) & 63)), 1);
    store<u8>(out, <u8>(0x80 | (cp & 63)), 2);
    out += 3;
  } else {
    store<u8>(out, <u8>(0xf0 | (cp >> 18)));
    store<u8>(out, <u8>(0x80 | ((cp >> 12) & 63)), 1);
    store<u8>(out, <u8>(0x80 | ((cp >> 6) & 63)), 2);
    store<u8>(out, <u8>(0x80 | (cp & 63)), 3);
    out += 4;
  }
}

/** Takes the words of a text. @returns end of its normalised bytes, which are put at `room`, with 8 more */
export function readWords(p: usize, end: usize, room: usize): usize {
  openUnits();
  anyWord = false;
  out = room;
  open = 0;
  operators = out;
  gap = false;
  alone = false;
  ended = false;
  openFolded(p, end);
  openBlocks();
  const ofWords = !characters;
  // What `out`, `filled` and `gap` are, which are only right for the functions above when these are called.
  let to = out;
  let count: u32 = 0;
  let gaps: u64 = 0;
  /** Whether nothing but a gap is kept for the next word. */
  let plain: bool = false;
  while (p < end) {
    readBlock(p, end);
    let m = wordBits;
    let step: usize = 64;
    /** After the last run. */
    let rest = ~(<u64>0);
    while (m != 0) {
      const low = m & (0 - m);
      const inner = rest & (low - 1);
      gaps |= gapBits & inner;
      const looks = lookBits & inner;
      if (looks != 0) {
        if (plain) operators = to;
        out = to;
        gaps |= <u64>look(p, looks);
        to = out;
        plain = plain && operators == to;
      }
      let at = p + <usize>ctz(m);
      const next = m + low;
      let wide = wideBits & m & ~next;
      let stop = at;
      if (next != 0) {
        stop = p + <usize>ctz(next);
        rest = ~(<u64>0) << ctz(next);
        m &= next;
      } else if (at > p) {
        // The next block begins with this run.
        step = at - p;
        rest = 0;
        openBlocks();
        break;
      } else {
        do {
          p += 64;
          readBlock(p, end);
          m = wordBits;
          wide |= wideBits & m & ~(m + 1);
        } while (~m == 0);
        stop = p + <usize>ctz(~m);
        rest = ~(<u64>0) << ctz(~m);
        m &= m + 1;
      }
      if (ofWords && plain && wide == 0) {
        store<u8>(to, <u8>GAP);
        to += <usize>(gaps != 0);
        gaps = 0;
        let h = WORD_SEED;
        let left = stop - at;
        for (; left > 8; left -= 8, at += 8, to += 8) {
          const x = load<u64>(at) | 0x2020202020202020;
          store<u64>(to, x);
          h = step8(h, x);
        }
        const x = (load<u64>(at) | 0x2020202020202020) & (~(<u64>0) >> ((8 - <u64>left) << 3));
        store<u64>(to, x);
        to += left;
        count = takeAt(count, step8(h, x));
      } else if (ofWords && wide == 0) {
        // The word begins with the operators before it, or is the first, or comes after one without spaces.
        let from = operators;
        if (gaps != 0 && from == to && !alone && ended) {
          store<u8>(to, <u8>GAP);
          from = ++to;
        }
        gaps = 0;
        for (; at < stop; at += 8, to += 8) store<u64>(to, load<u64>(at) | 0x2020202020202020);
        to -= at - stop;
        count = takeAt(count, hashOf(from, to));
        alone = false;
        ended = true;
        plain = true;
      } else {
        if (plain) operators = to;
        out = to;
        setFilled(count);
        gap = gaps != 0;
        if (wide != 0) wideRun(at, stop);
        else asciiRun(at, stop - at);
        to = out;
        count = filled;
        gaps = <u64>gap;
        plain = operators == to && !alone && ended;
      }
    }
    gaps |= gapBits & rest;
    const looks = lookBits & rest;
    if (looks != 0) {
      if (plain) operators = to;
      out = to;
      gaps |= <u64>look(p, looks);
      to = out;
      plain = plain && operators == to;
    }
    p += step;
  }
  if (plain) operators = to;
  out = to;
  setFilled(count);
  gap = gaps != 0;
  if (!ended) out = room;
  else if (out > operators) word(operators);
  flush();
  return out;
}

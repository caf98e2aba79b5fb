// MinHash of shingles in one pass over UTF-8; the definition is ../reference/minhash.ts. Runs of ASCII letters, digits
// and `_` are found 64 bytes at a time; a run with other code points takes the slow path, word by word.
import { arenaAlloc } from './arena';
import { hashTo } from './hash';
import { bandKeys, densify, permutations, SIGNATURE, sketch } from './minhash-sketch';
import {
  ALONE, BETWEEN, CODE_POINT, folded, GAP, isAlwaysKept, kept, MARK, openFolded, SEVERAL, severalAt,
} from './same-text';
import { decode, lengthOfLead } from './unicode';
import { gapBits, lookBits, openBlocks, readBlock, wideBits, wordBits } from './word-blocks';

const WORD_SEED: u64 = 0x9e3779b97f4a7c15;
const WORD_STEP: u64 = 0xbf58476d1ce4e5b9;
const BASE: u64 = 0xd6e8feb86659fd93;
const MIX: u64 = 0x94d049bb133111eb;
const SPACE: u32 = 32;
/** Words that are hashed at once; and the words that a shingle may have at most. */
const CHUNK: u32 = 1024;
const MOST: u32 = 64;

let characters: bool = false;
let n: u32 = 5;
let power: u64 = 0;

const words = memory.data(1088 * 8);
const shingles = memory.data(1088 * 8);
let filled: u32 = 0;
let total: u32 = 0;
/** Shingles listed so far, and whether they are listed. */
let listed: u32 = 0;
let listing: bool = false;
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

/** @param size units in a shingle, 1 to 64. */
export function minhashShingle(ofCharacters: bool, size: u32): void {
  if (size == 0 || size > MOST) unreachable();
  characters = ofCharacters;
  n = size;
  power = 1;
  for (let i: u32 = 0; i < n; i++) power *= BASE;
}

/** Hashes what has come so far; the last n - 1 units stay for the next shingles. */
function flush(): void {
  if (filled < n) return;
  const count = filled - n + 1;
  let gram: u64 = 0;
  for (let i: u32 = 0; i < n; i++) gram = gram * BASE + load<u64>(words + (<usize>i << 3));
  let at = words;
  const step = <usize>n << 3;
  for (let i: usize = 0; ; i++) {
    let h = gram ^ (gram >> 32);
    h *= MIX;
    store<u64>(shingles + (i << 3), h ^ (h >> 29));
    if (i + 1 == <usize>count) break;
    gram = gram * BASE + load<u64>(at + step) - load<u64>(at) * power;
    at += 8;
  }
  total += count;
  if (listing) {
    const room = arenaAlloc(<usize>count << 3);
    memory.copy(room, shingles, <usize>count << 3);
    // Allocations are rounded up to 16 bytes: the list stays without gaps because CHUNK keeps all counts but the last
    // even.
    listed += count;
  } else {
    sketch(shingles, count);
  }
  memory.copy(words, words + (<usize>count << 3), <usize>(n - 1) << 3);
  filled = n - 1;
}

// @ts-ignore: decorator
@inline
function take(hash: u64): void {
  store<u64>(words + (<usize>filled << 3), hash);
  filled++;
  if (filled == CHUNK + n - 1) flush();
}

// @ts-ignore: decorator
@inline
function step8(h: u64, chunk: u64): u64 {
  h = (h ^ chunk) * WORD_STEP;
  return h ^ (h >> 32);
}

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
  let h = WORD_SEED;
  for (; out - at >= 8; at += 8) h = step8(h, load<u64>(at));
  const left = out - at;
  if (left > 0) h = step8(h, load<u64>(at) & (~(<u64>0) >> ((8 - <u64>left) << 3)));
  take(h);
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
  const start = open;
  if (length <= 8 && !characters && start == out) {
    const x = (load<u64>(at) | 0x2020202020202020) & (~(<u64>0) >> ((8 - <u64>length) << 3));
    store<u64>(out, x);
    out += length;
    take(step8(WORD_SEED, x));
  } else {
    for (let i: usize = 0; i < length; i += 8) store<u64>(out + i, load<u64>(at + i) | 0x2020202020202020);
    out += length;
    word(start);
  }
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

/** Keeps what counts of the code points between two runs. */
function between(p: usize, end: usize): void {
  while (p < end) {
    const b = <u32>load<u8>(p);
    if (b == 0x20 || b == 0x0a || b == 0x22) {
      gap = true;
      p++;
      continue;
    }
    if (isAlwaysKept(b)) {
      store<u8>(out, <u8>b);
      out++;
      p++;
      continue;
    }
    const c = kept(p, folded(decode(p)));
    if (c == GAP) gap = true;
    else if (c != 0) write(c);
    p += lengthOfLead(b);
  }
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

/** Words of a text; `out` must have room for its folded bytes and 8 more. */
function scan(p: usize, end: usize): void {
  filled = 0;
  total = 0;
  anyWord = false;
  open = 0;
  operators = out;
  gap = false;
  alone = false;
  ended = false;
  const room = out;
  openFolded(p, end);
  openBlocks();
  const most = CHUNK + n - 1;
  const ofWords = !characters;
  // What `out`, `filled` and `gap` are, which are only right for the functions above when these are called.
  let to = out;
  let count: u32 = 0;
  let gaps: u64 = 0;
  /** Whether nothing but a gap is kept for the next word. */
  let plain: bool = false;
  /** End of the last run, and whether what came after it takes a look. */
  let last = p;
  let looks: u64 = 0;
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
      looks |= lookBits & inner;
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
      if (looks != 0) {
        if (plain) operators = to;
        out = to;
        gap = gaps != 0;
        between(last, at);
        to = out;
        gaps = <u64>gap;
        looks = 0;
        plain = plain && operators == to;
      }
      last = stop;
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
        store<u64>(words + (<usize>count << 3), step8(h, x));
        count++;
        if (count == most) {
          filled = count;
          flush();
          count = filled;
        }
      } else {
        if (plain) operators = to;
        out = to;
        filled = count;
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
    looks |= lookBits & rest;
    p += step;
  }
  if (plain) operators = to;
  out = to;
  filled = count;
  gap = gaps != 0;
  if (looks != 0) between(last, end);
  if (!ended) out = room;
  else if (out > operators) word(operators);
  flush();
}

/** Code as it is compared, from `room` to `out`: no white space at line ends, no blank lines. */
function copyCode(p: usize, end: usize, room: usize): void {
  out = room;
  let line = out;
  let solid = out;
  for (; p < end; p++) {
    const b = <u32>load<u8>(p);
    if (b != 0x0a) {
      store<u8>(out, <u8>b);
      out++;
      if (b != 0x20 && b != 0x09 && (b < 0x0b || b > 0x0d)) solid = out;
      continue;
    }
    out = solid;
    if (out > line) {
      store<u8>(out, 0x0a);
      out++;
    }
    line = solid = out;
  }
  out = solid;
  if (out == line && out > room) out--;
}

/**
 * For each row: `keys`, band-major, 64-bit keys of its bands; `norm`, two u64 of the content hash of its normalised
 * text (of rows that `codes` says are code, as code; 0 = none), high half first; `counts`, its shingles
 * with repeats, -1 for rows left out (`alive`: 0 = all, else one byte a
 * row). Rows without a shingle get zeros as keys. `signatures`: 0, or room for the signatures (u32, rows x
 * permutations). `room`: for the longest normalised text.
 */
export function minhashKeys(
  values: usize, offsets: usize, rows: u32, alive: usize, codes: usize, keys: usize, norm: usize, counts: usize,
  signatures: usize, room: usize,
): void {
  listing = false;
  for (let row: usize = 0; row < <usize>rows; row++) {
    if (alive != 0 && load<u8>(alive + row) == 0) {
      store<i32>(counts + (row << 2), -1);
      continue;
    }
    const start = values + load<u32>(offsets + (row << 2));
    memory.fill(SIGNATURE, 0xff, <usize>permutations << 2);
    out = room;
    const end = values + load<u32>(offsets + (row << 2), 4);
    scan(start, end);
    if (codes != 0 && load<u8>(codes + row) != 0) copyCode(start, end, room);
    hashTo(norm + (row << 4), room, out - room);
    store<i32>(counts + (row << 2), <i32>total);
    if (total == 0) continue;
    densify();
    bandKeys(keys + (row << 3), <usize>rows << 3);
    if (signatures != 0) memory.copy(signatures + row * (<usize>permutations << 2), SIGNATURE,
      <usize>permutations << 2);
  }
}

/**
 * Shingle hashes of one text, with repeats, one after the other from the address that comes back; their number is
 * `minhashListed()`.
 */
export function minhashList(start: usize, bytes: usize, room: usize): usize {
  listing = true;
  listed = 0;
  out = room;
  const list = arenaAlloc(0);
  scan(start, start + bytes);
  return list;
}

export function minhashListed(): u32 {
  return listed;
}

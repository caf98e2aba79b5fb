// Copies of words, n-grams of words, lines and paragraphs within a document. Exact: words and lines are compared byte
// for byte, not by hashes alone, and an n-gram is known by the number of the first copy of its first n-1 words and that
// of its last word.
import { arenaAlloc, arenaMark, arenaRelease } from './arena';
import { at32, choose, sameBytes, set32 } from './items';
import {
  hashBytes, lines, LINE_BYTES, nLines, nParagraphs, nWords, wordChars, wordKeys, wordSizes, wordStarts,
} from './pass';

export let nDistinctWords: u32 = 0;
export let nLineCopies: u32 = 0;
export let nLineCopyChars: u32 = 0;
export let nParagraphCopies: u32 = 0;
export let nParagraphCopyChars: u32 = 0;
/** Code points of all paragraphs, lines joined by \n. */
export let nParagraphChars: u32 = 0;

// Open addressing over item numbers: a slot holds the number of the first copy + 1, 0 = free. What is compared lies
// with the items.
let table: usize = 0;
let mask: u32 = 0;
let shift: u64 = 0;

/** Items from which on a table may be fuller: memory, which is never given back, counts for more than collisions. */
const MANY: u32 = 1 << 18;

/**
 * An empty table for `entries` items at a load of at most a quarter (a half for many): few collisions, and it can never
 * fill.
 */
function openTable(entries: u32): void {
  const bits: u32 = (entries < MANY ? 34 : 33) - <u32>clz(entries < 2 ? 1 : entries - 1);
  const slots = (<usize>1) << bits;
  if (slots < <usize>entries * 2) unreachable();
  table = arenaAlloc(slots << 2);
  memory.fill(table, 0, slots << 2);
  mask = (1 << bits) - 1;
  shift = 64 - <u64>bits;
}

/** Word code points of the words before word i. */
// @ts-ignore: decorator
@inline
function charsBefore(i: u32): u32 {
  return i == 0 ? 0 : at32(wordChars, i - 1);
}

/**
 * Number of the first copy of word i. Words of up to 16 bytes are the same if their keys and sizes are; longer ones are
 * compared.
 */
// @ts-ignore: decorator
@inline
function firstWord(i: u32): u32 {
  const keys = wordKeys + (<usize>i << 4);
  const key = load<u64>(keys);
  const tail = load<u64>(keys, 8);
  const size = at32(wordSizes, i);
  let slot = <u32>(((key * 0xff51afd7ed558ccd) ^ (tail * 0x9fb21c651e98df25)) >> shift);
  while (true) {
    const held = at32(table, slot);
    // A free slot is taken as if the word stood there already: no branch that depends on the text.
    const first = choose(<u32>(held == 0), i, held - 1);
    const keysThere = wordKeys + (<usize>first << 4);
    const difference = (load<u64>(keysThere) ^ key) | (load<u64>(keysThere, 8) ^ tail) | <u64>(at32(wordSizes,
      first) ^ size);
    if (difference == 0 && (size <= 16 || sameBytes(<usize>at32(wordStarts, i), <usize>at32(wordStarts, first),
      size))) {
      set32(table, slot, first + 1);
      return first;
    }
    slot = (slot + 1) & mask;
  }
}

/**
 * Number of the first copy of the n-gram at word i among those entered; `below` and `last` tell it: its first n-1
 * words, its last word.
 */
// @ts-ignore: decorator
@inline
function firstGram(below: usize, wordIds: usize, i: u32, reach: u32, prefix: u32, last: u32): u32 {
  let slot = <u32>((((<u64>prefix << 32) | <u64>last) * 0x9e3779b97f4a7c15) >> shift);
  while (true) {
    const held = at32(table, slot);
    const first = choose(<u32>(held == 0), i, held - 1);
    if (((at32(below, first) ^ prefix) | (at32(wordIds, first + reach) ^ last)) == 0) {
      set32(table, slot, first + 1);
      return first;
    }
    slot = (slot + 1) & mask;
  }
}

/**
 * Counts distinct words, and with `grams` != 0 writes there 9 numbers (u32): code points of the most frequent 2-, 3-
 * and 4-gram times its count, then code points covered by 5- to 10-grams seen before.
 */
export function countWords(grams: usize): void {
  nDistinctWords = 0;
  if (grams != 0) memory.fill(grams, 0, 9 * 4);
  const n = nWords;
  if (n == 0) return;
  const mark = arenaMark();
  // For each word: number of its first copy. For the gram that starts at word i: the same (two levels take turns), and
  // at the number of a first copy how often it occurs.
  const wordIds = arenaAlloc(<usize>n * 4);
  const counts = arenaAlloc(<usize>n * 4);
  const wordsMark = arenaMark();
  openTable(n);
  let distinct: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const first = firstWord(i);
    distinct += <u32>(first == i);
    set32(wordIds, i, first);
    set32(counts, first, (at32(counts, first) & (<u32>(first == i) - 1)) + 1);
  }
  nDistinctWords = distinct;
  arenaRelease(wordsMark);
  if (grams != 0) {
    // The keys have done their work: 16 bytes a word, of which these take 12.
    let firsts = wordKeys;
    let below = wordKeys + <usize>n * 4;
    const positions = wordKeys + <usize>n * 8;
    // Only where two neighbouring grams occur more than once can the gram one word longer do so.
    let candidates: u32 = 0;
    let before: u32 = 0;
    for (let i: u32 = 0; i < n; i++) {
      const again = <u32>(at32(counts, at32(wordIds, i)) > 1);
      set32(positions, candidates, i - 1);
      candidates += again & before;
      before = again;
    }
    for (let size: u32 = 2; size <= 10 && candidates != 0; size++) {
      const levelMark = arenaMark();
      candidates = level(size == 2 ? wordIds : below, firsts, wordIds, counts, positions, candidates, size, grams);
      const swap = below;
      below = firsts;
      firsts = swap;
      arenaRelease(levelMark);
    }
  }
  arenaRelease(mark);
}

/**
 * Counts the n-grams at `positions`, writes the statistic of this n, keeps the positions where the next n may occur
 * again.
 */
function level(
  below: usize, firsts: usize, wordIds: usize, counts: usize, positions: usize, candidates: u32, n: u32, grams: usize,
): u32 {
  openTable(candidates);
  const reach = n - 1;
  for (let k: u32 = 0; k < candidates; k++) {
    const i = at32(positions, k);
    const prefix = at32(below, i);
    const word = at32(wordIds, i + reach);
    // The first copy of the first n - 1 words most often goes on the same way; of two words that would be a guess.
    let first = prefix;
    if (n == 2 || at32(wordIds, prefix + reach) != word) first = firstGram(below, wordIds, i, reach, prefix, word);
    set32(firsts, i, first);
    set32(counts, first, (at32(counts, first) & (<u32>(first == i) - 1)) + 1);
  }
  let kept: u32 = 0;
  // Word after the last gram that occurs again: it and its neighbour make a candidate.
  let last: u32 = -1;
  let best: u32 = 2;
  let longest: u32 = 0;
  let covered: u32 = 0;
  let coveredTo: u32 = 0;
  for (let k: u32 = 0; k < candidates; k++) {
    const i = at32(positions, k);
    const first = at32(firsts, i);
    const count = at32(counts, first);
    const again = count > 1;
    // Without a branch that depends on the text.
    set32(positions, kept, i - 1);
    kept += <u32>again & <u32>(last == i);
    last = choose(<u32>again, i + 1, last);
    if (n <= 4) {
      if (count < best) continue;
      const chars = charsBefore(i + n) - charsBefore(i);
      longest = count > best || chars > longest ? chars : longest;
      best = count;
    } else if (first != i) {
      covered += charsBefore(i + n) - charsBefore(i > coveredTo ? i : coveredTo);
      coveredTo = i + n;
    }
  }
  set32(grams, n - 2, n <= 4 ? best * longest : covered);
  return kept;
}

/** Counts copies of lines and of paragraphs, which are runs of line numbers. */
export function countLines(): void {
  nLineCopies = nLineCopyChars = nParagraphCopies = nParagraphCopyChars = nParagraphChars = 0;
  const n = nLines;
  if (n == 0) return;
  const mark = arenaMark();
  const ids = arenaAlloc(<usize>n * 4);
  openTable(n);
  for (let i: u32 = 0; i < n; i++) {
    const line = lines + <usize>i * LINE_BYTES;
    set32(ids, i, firstLine(line, i));
    nParagraphChars += load<u32>(line, 8);
  }
  // A \n between two lines of a paragraph.
  nParagraphChars += n - nParagraphs;
  if (nLineCopies != 0 && nParagraphs > 1) countParagraphs(ids);
  arenaRelease(mark);
}

/** Number of the first copy of line i. */
function firstLine(line: usize, i: u32): u32 {
  const start = <usize>load<u32>(line);
  const bytes = load<u32>(line, 4);
  let hash: u64;
  if (bytes > 8) hash = hashBytes(start, bytes);
  else hash = (load<u64>(start) & (<u64>-1 >> ((8 - <u64>bytes) << 3))) * 0xff51afd7ed558ccd;
  let slot = <u32>(hash >> shift);
  while (true) {
    const held = at32(table, slot);
    if (held == 0) {
      set32(table, slot, i + 1);
      return i;
    }
    const first = lines + <usize>(held - 1) * LINE_BYTES;
    if (bytes == load<u32>(first, 4) && sameBytes(start, <usize>load<u32>(first), bytes)) {
      nLineCopies++;
      nLineCopyChars += load<u32>(line, 8);
      return held - 1;
    }
    slot = (slot + 1) & mask;
  }
}

/** Lines of the paragraph whose first line is `from`. */
function paragraphEnd(from: u32): u32 {
  const paragraph = load<u32>(lines + <usize>from * LINE_BYTES, 12);
  let to = from + 1;
  while (to < nLines && load<u32>(lines + <usize>to * LINE_BYTES, 12) == paragraph) to++;
  return to;
}

function countParagraphs(ids: usize): void {
  openTable(nParagraphs);
  for (let from: u32 = 0; from < nLines; ) {
    const to = paragraphEnd(from);
    let key: u64 = 0;
    let chars: u32 = to - from - 1;
    for (let i = from; i < to; i++) {
      key = (key ^ (<u64>at32(ids, i) + 1)) * 0xff51afd7ed558ccd;
      key ^= key >> 32;
      chars += load<u32>(lines + <usize>i * LINE_BYTES, 8);
    }
    if (isCopy(key * 0xc4ceb9fe1a85ec53, ids, from, to)) {
      nParagraphCopies++;
      nParagraphCopyChars += chars;
    }
    from = to;
  }
}

/** Whether the paragraph of lines `from` .. `to` has been seen; enters it otherwise. */
function isCopy(hash: u64, ids: usize, from: u32, to: u32): bool {
  let slot = <u32>(hash >> shift);
  while (true) {
    const held = at32(table, slot);
    if (held == 0) {
      set32(table, slot, from + 1);
      return false;
    }
    const first = held - 1;
    const same = paragraphEnd(first) - first == to - from;
    if (same && sameBytes(ids + (<usize>first << 2), ids + (<usize>from << 2), (to - from) * 4)) return true;
    slot = (slot + 1) & mask;
  }
}

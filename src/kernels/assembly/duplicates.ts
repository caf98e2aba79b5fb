// Copies of words, n-grams of words, lines and paragraphs within a document. Exact: words and lines are compared byte for byte where their
// 64-bit hashes agree, and an n-gram is the pair of the numbers of its two (n-1)-grams, so nothing longer is ever hashed.
import { arenaAlloc, arenaMark, arenaRelease } from './arena';
import { hashBytes, LINE_BYTES, lines, nLines, nParagraphs, nWords, WORD_BYTES, words } from './pass';

/** Table slot: u64 key (0 = free), u32 count, u32 record of the first copy. */
const SLOT_BYTES: usize = 16;

export let nDistinctWords: u32 = 0;
export let nLineCopies: u32 = 0;
export let nLineCopyChars: u32 = 0;
export let nParagraphCopies: u32 = 0;
export let nParagraphCopyChars: u32 = 0;
/** Code points of all paragraphs, lines joined by \n. */
export let nParagraphChars: u32 = 0;

let table: usize = 0;
let mask: u32 = 0;
let shift: u64 = 0;

/** An empty table for `entries` keys at a load of at most a half: it can never fill. */
function openTable(entries: u32): void {
  const bits: u32 = 33 - <u32>clz(entries < 2 ? 1 : entries - 1);
  const slots = (<usize>1) << bits;
  if (slots < <usize>entries * 2) unreachable();
  table = arenaAlloc(slots * SLOT_BYTES);
  memory.fill(table, 0, slots * SLOT_BYTES);
  mask = (1 << bits) - 1;
  shift = 64 - <u64>bits;
}

// @ts-ignore: decorator
@inline
function slotAt(slot: u32): usize {
  return table + (<usize>slot << 4);
}

/** Slot of a key that identifies its item by itself; counts it. */
// @ts-ignore: decorator
@inline
function countExact(key: u64, record: u32): u32 {
  let slot = <u32>((key * 0x9e3779b97f4a7c15) >> shift);
  while (true) {
    const at = slotAt(slot);
    const held = load<u64>(at);
    if (held == key) {
      store<u32>(at, load<u32>(at, 8) + 1, 8);
      return slot;
    }
    if (held == 0) {
      store<u64>(at, key);
      store<u64>(at, 1 | (<u64>record << 32), 8);
      return slot;
    }
    slot = (slot + 1) & mask;
  }
}

function sameBytes(a: usize, b: usize, bytes: u32): bool {
  let i: u32 = 0;
  for (; i + 8 <= bytes; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  for (; i < bytes; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false;
  return true;
}

// @ts-ignore: decorator
@inline
function wordAt(i: u32): usize {
  return words + <usize>i * WORD_BYTES;
}

/** Word code points of the words before word i. */
// @ts-ignore: decorator
@inline
function charsBefore(i: u32): u32 {
  return i == 0 ? 0 : load<u32>(wordAt(i - 1), 16);
}

/** Slot of word i; counts it. Words up to 8 bytes long with one hash differ at most in length, longer ones are compared. */
// @ts-ignore: decorator
@inline
function countWord(i: u32): u32 {
  const word = wordAt(i);
  let key = load<u64>(word);
  if (key == 0) key = 1;
  let slot = <u32>(key >> shift);
  while (true) {
    const at = slotAt(slot);
    const held = load<u64>(at);
    if (held == key) {
      const first = wordAt(load<u32>(at, 12));
      const bytes = load<u32>(word, 12);
      if (bytes == load<u32>(first, 12) && sameBytes(<usize>load<u32>(word, 8), <usize>load<u32>(first, 8), bytes)) {
        store<u32>(at, load<u32>(at, 8) + 1, 8);
        return slot;
      }
    } else if (held == 0) {
      store<u64>(at, key);
      store<u64>(at, 1 | (<u64>i << 32), 8);
      nDistinctWords++;
      return slot;
    }
    slot = (slot + 1) & mask;
  }
}

/**
 * Counts distinct words, and with `grams` != 0 writes there 9 numbers (u32): code points of the most frequent 2-, 3- and 4-gram times its
 * count, then code points covered by 5- to 10-grams seen before.
 */
export function countWords(grams: usize): void {
  nDistinctWords = 0;
  if (grams != 0) memory.fill(grams, 0, 9 * 4);
  const n = nWords;
  if (n == 0) return;
  const mark = arenaMark();
  // ids[i]: slot of the gram that starts at word i, in the table of the level just done.
  const ids = arenaAlloc(<usize>n * 4);
  openTable(n);
  for (let i: u32 = 0; i < n; i++) store<u32>(ids + (<usize>i << 2), countWord(i));
  if (grams != 0) {
    // Positions whose gram occurs more than once: only where two of them are neighbours can the next longer gram do so.
    const positions = arenaAlloc(<usize>n * 4);
    let left = again(ids, 0, n, positions);
    for (let size: u32 = 2; size <= 10 && left != 0; size++) {
      const candidates = pairs(positions, left);
      if (candidates == 0) break;
      const levelMark = arenaMark();
      left = level(ids, positions, candidates, size, grams);
      arenaRelease(levelMark);
    }
  }
  arenaRelease(mark);
}

/** Writes to `positions` those of the first `count` words that occur again; returns how many. */
function again(ids: usize, from: u32, count: u32, positions: usize): u32 {
  let kept: u32 = 0;
  for (let i = from; i < count; i++) {
    store<u32>(positions + (<usize>kept << 2), i);
    kept += <u32>(load<u32>(slotAt(load<u32>(ids + (<usize>i << 2))), 8) > 1);
  }
  return kept;
}

/** Keeps of ascending positions those whose next number is there too; returns how many. */
function pairs(positions: usize, count: u32): u32 {
  let kept: u32 = 0;
  for (let k: u32 = 0; k + 1 < count; k++) {
    const i = load<u32>(positions + (<usize>k << 2));
    store<u32>(positions + (<usize>kept << 2), i);
    kept += <u32>(load<u32>(positions + (<usize>k << 2), 4) == i + 1);
  }
  return kept;
}

/** Counts the n-grams at `positions`, adds the statistic of this n, keeps the positions whose n-gram occurs again; returns how many. */
function level(ids: usize, positions: usize, candidates: u32, n: u32, grams: usize): u32 {
  openTable(candidates);
  for (let k: u32 = 0; k < candidates; k++) {
    const i = load<u32>(positions + (<usize>k << 2));
    const id = ids + (<usize>i << 2);
    // Both are of the level below; + 1 keeps the key from being 0. Ascending order: the next one is not overwritten yet.
    const key = ((<u64>load<u32>(id) + 1) << 32) | <u64>load<u32>(id, 4);
    store<u32>(id, countExact(key, i));
  }
  let kept: u32 = 0;
  let best: u32 = 1;
  let longest: u32 = 0;
  let covered: u32 = 0;
  let coveredTo: u32 = 0;
  for (let k: u32 = 0; k < candidates; k++) {
    const i = load<u32>(positions + (<usize>k << 2));
    const at = slotAt(load<u32>(ids + (<usize>i << 2)));
    const count = load<u32>(at, 8);
    if (count < 2) continue;
    store<u32>(positions + (<usize>kept << 2), i);
    kept++;
    if (n <= 4) {
      if (count < best) continue;
      const chars = charsBefore(i + n) - charsBefore(i);
      if (count > best || chars > longest) longest = chars;
      best = count;
    } else if (load<u32>(at, 12) != i) {
      covered += charsBefore(i + n) - charsBefore(i > coveredTo ? i : coveredTo);
      coveredTo = i + n;
    }
  }
  store<u32>(grams + (<usize>(n - 2) << 2), n <= 4 ? (best > 1 ? best * longest : 0) : covered);
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
    store<u32>(ids + (<usize>i << 2), countLine(line, i));
    nParagraphChars += load<u32>(line, 8);
  }
  // A \n between two lines of a paragraph.
  nParagraphChars += n - nParagraphs;
  if (nLineCopies != 0 && nParagraphs > 1) countParagraphs(ids);
  arenaRelease(mark);
}

function countLine(line: usize, i: u32): u32 {
  const start = <usize>load<u32>(line);
  const bytes = load<u32>(line, 4);
  let key: u64;
  if (bytes > 8) key = hashBytes(start, bytes) | 1;
  else key = ((load<u64>(start) & (<u64>-1 >> ((8 - <u64>bytes) << 3))) * 0xff51afd7ed558ccd) | 1;
  let slot = <u32>(key >> shift);
  while (true) {
    const at = slotAt(slot);
    const held = load<u64>(at);
    if (held == 0) {
      store<u64>(at, key);
      store<u64>(at, 1 | (<u64>i << 32), 8);
      return slot;
    }
    if (held == key) {
      const first = lines + <usize>load<u32>(at, 12) * LINE_BYTES;
      if (bytes == load<u32>(first, 4) && sameBytes(start, <usize>load<u32>(first), bytes)) {
        nLineCopies++;
        nLineCopyChars += load<u32>(line, 8);
        return slot;
      }
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
      key = (key ^ (<u64>load<u32>(ids + (<usize>i << 2)) + 1)) * 0xff51afd7ed558ccd;
      key ^= key >> 32;
      chars += load<u32>(lines + <usize>i * LINE_BYTES, 8);
    }
    if (isCopy(key * 0xc4ceb9fe1a85ec53 | 1, ids, from, to)) {
      nParagraphCopies++;
      nParagraphCopyChars += chars;
    }
    from = to;
  }
}

function isCopy(key: u64, ids: usize, from: u32, to: u32): bool {
  let slot = <u32>(key >> shift);
  while (true) {
    const at = slotAt(slot);
    const held = load<u64>(at);
    if (held == 0) {
      store<u64>(at, key);
      store<u64>(at, 1 | (<u64>from << 32), 8);
      return false;
    }
    if (held == key) {
      const first = load<u32>(at, 12);
      const same = paragraphEnd(first) - first == to - from;
      if (same && sameBytes(ids + (<usize>first << 2), ids + (<usize>from << 2), (to - from) * 4)) return true;
    }
    slot = (slot + 1) & mask;
  }
}

// The C4 line rules (see ../c4.ts): tokens and newlines from the first half of the statistics pass, then line by line.
import { arenaAlloc, arenaMark, arenaRelease } from './arena';
import { nNewlines } from './classify';
import { charsBefore, edges, newlines, openText } from './edges';
import { hasWord, isTerminal } from './pass';
import { HAS_BRACKET, HAS_JAVASCRIPT, HAS_LOREM, HAS_POLICY, phrasesIn } from './phrases';
import { classAt, classOfAscii, CLOSER, previous, TERMINAL, WHITE_SPACE } from './unicode';

const KEEP: u32 = 0;
const LONG_WORD: u32 = 1;
const NO_TERMINAL_PUNCT: u32 = 2;
const TOO_FEW_WORDS: u32 = 3;
const JAVASCRIPT: u32 = 4;
const POLICY: u32 = 5;

// Bits of `rules`.
const TERMINAL_RULE: u32 = 1;
const CITATION_RULE: u32 = 2;
const JAVASCRIPT_RULE: u32 = 4;
const POLICY_RULE: u32 = 8;

/** Addresses: line offsets, starts, ends, codes, flags, sentences, citation offsets, starts, ends. */
const result = memory.data(9 * 4);

let starts: usize = 0;
let ends: usize = 0;
let codes: usize = 0;
let citationStarts: usize = 0;
let citationEnds: usize = 0;
let nLines: usize = 0;
let nCitations: usize = 0;
let flags: u32 = 0;
let sentences: u32 = 0;

// The line without citation marks, trimmed: either in place or a copy.
let cleanStart: usize = 0;
let cleanEnd: usize = 0;
let copyRoom: usize = 0;
let copy: usize = 0;

/** How often a byte stands in `from` .. `to`. */
function countByte(from: usize, to: usize, byte: u8): usize {
  const wanted = i8x16.splat(byte);
  let count: usize = 0;
  for (; from + 16 <= to; from += 16) count += <usize>popcnt(i8x16.bitmask(i8x16.eq(v128.load(from), wanted)));
  for (; from < to; from++) count += <usize>(load<u8>(from) == byte);
  return count;
}

/** See ../c4.ts; returns the address of the nine addresses. Everything lies in the arena of this batch. */
export function c4Lines(
  values: usize, offsets: usize, rows: u32, alive: usize, rules: u32, minWords: u32, maxWord: u32,
): usize {
  const first = values + load<u32>(offsets);
  const last = values + load<u32>(offsets + (<usize>rows << 2));
  const most = countByte(first, last, 10) + rows;
  const mostCitations = rules & CITATION_RULE ? countByte(first, last, 0x5b) : 0;
  const lineOffsets = arenaAlloc((<usize>rows + 1) << 2);
  starts = arenaAlloc(most << 2);
  ends = arenaAlloc(most << 2);
  codes = arenaAlloc(most);
  const flagsOf = arenaAlloc(rows);
  const sentencesOf = arenaAlloc(<usize>rows << 2);
  const citationOffsets = arenaAlloc((<usize>rows + 1) << 2);
  citationStarts = arenaAlloc(mostCitations << 2);
  citationEnds = arenaAlloc(mostCitations << 2);
  nLines = nCitations = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    store<u32>(lineOffsets + (row << 2), <u32>nLines);
    store<u32>(citationOffsets + (row << 2), <u32>nCitations);
    flags = sentences = 0;
    if (alive == 0 || load<u8>(alive + row) != 0) {
      const start = load<u32>(offsets + (row << 2));
      const mark = arenaMark();
      judge(values + start, load<u32>(offsets + (row << 2), 4) - start, rules, minWords, maxWord);
      arenaRelease(mark);
    }
    store<u8>(flagsOf + row, <u8>flags);
    store<u32>(sentencesOf + (row << 2), sentences);
  }
  store<u32>(lineOffsets + (<usize>rows << 2), <u32>nLines);
  store<u32>(citationOffsets + (<usize>rows << 2), <u32>nCitations);
  store<u32>(result, <u32>lineOffsets);
  store<u32>(result, <u32>starts, 4);
  store<u32>(result, <u32>ends, 8);
  store<u32>(result, <u32>codes, 12);
  store<u32>(result, <u32>flagsOf, 16);
  store<u32>(result, <u32>sentencesOf, 20);
  store<u32>(result, <u32>citationOffsets, 24);
  store<u32>(result, <u32>citationStarts, 28);
  store<u32>(result, <u32>citationEnds, 32);
  return result;
}

/** Judges the lines of one document. */
function judge(text: usize, bytes: u32, rules: u32, minWords: u32, maxWord: u32): void {
  openText(text, bytes, false);
  copyRoom = 0;
  let edge = edges;
  for (let k: u32 = 0; k <= nNewlines; k++) {
    const stop = k < nNewlines ? load<u32>(newlines + (<usize>k << 2)) : bytes;
    const first = edge;
    let long = false;
    while (load<u32>(edge, 4) <= stop) {
      // Bytes first: code points are at most as many.
      if (load<u32>(edge, 4) - load<u32>(edge) > maxWord && maxWord != 0) {
        long = long || charsBefore(load<u32>(edge, 4)) - charsBefore(load<u32>(edge)) > maxWord;
      }
      edge += 8;
    }
    if (edge == first) continue;
    const start = load<u32>(first);
    const end = load<u32>(edge - 4);
    const citationsBefore = nCitations;
    let code = LONG_WORD;
    if (!long) {
      clean(text, text + start, text + end, (rules & CITATION_RULE) != 0);
      code = verdict(rules, <u32>((edge - first) >> 3) < minWords);
    }
    if (code == KEEP) sentences += cleanStart == text + start && cleanEnd == text + end ? countSentences(text,
      first, edge) : countCopied();
    else nCitations = citationsBefore;
    store<u32>(starts + (nLines << 2), start);
    store<u32>(ends + (nLines << 2), end);
    store<u8>(codes + nLines, <u8>code);
    nLines++;
  }
}

function verdict(rules: u32, few: bool): u32 {
  if (rules & TERMINAL_RULE) {
    if (cleanEnd == cleanStart) return NO_TERMINAL_PUNCT;
    const mark = <u32>load<u8>(cleanEnd - 1);
    if (mark != 0x2e && mark != 0x3f && mark != 0x21 && mark != 0x22 && mark != 0x27) return NO_TERMINAL_PUNCT;
    if (mark == 0x2e && cleanEnd - cleanStart >= 3 && load<u16>(cleanEnd - 3) == 0x2e2e) return NO_TERMINAL_PUNCT;
  }
  if (few || cleanEnd == cleanStart) return TOO_FEW_WORDS;
  const found = phrasesIn(cleanStart, cleanEnd);
  if (found == 0) return KEEP;
  if (found & HAS_LOREM) flags |= 1;
  if ((rules & JAVASCRIPT_RULE) != 0 && (found & HAS_JAVASCRIPT) != 0) return JAVASCRIPT;
  if (found & HAS_BRACKET) flags |= 2;
  return (rules & POLICY_RULE) != 0 && (found & HAS_POLICY) != 0 ? POLICY : KEEP;
}

/** Sentences of a line by its token edges. */
function countSentences(text: usize, first: usize, last: usize): u32 {
  let count: u32 = 0;
  let ended = false;
  for (let edge = first; edge < last; edge += 8) {
    const to = load<u32>(edge, 4);
    const byte = <u32>load<u8>(text + to - 1);
    const cls = byte < 0x80 ? classOfAscii(byte) : CLOSER;
    ended = (cls & (TERMINAL | CLOSER)) != 0 && endsSentence(text, load<u32>(edge), to);
    count += <u32>ended;
  }
  return count + <u32>!ended;
}

function endsSentence(text: usize, from: u32, to: u32): bool {
  return isTerminal(text + from, text + to) && hasWord(text + from, text + to);
}

/** Sentences of the copy of a line, token by token. */
function countCopied(): u32 {
  let count: u32 = 0;
  let ended = false;
  let start: usize = 0;
  for (let at = cleanStart; at <= cleanEnd; at++) {
    const white = at == cleanEnd || ((<u32>load<u8>(at) & 0xc0) != 0x80 && (classAt(at) & WHITE_SPACE) != 0);
    if (!white) {
      // Bytes of a white space after its first are no start of a token.
      if (start == 0 && (<u32>load<u8>(at) & 0xc0) != 0x80) start = at;
    } else if (start != 0) {
      ended = isTerminal(start, at) && hasWord(start, at);
      count += <u32>ended;
      start = 0;
    }
  }
  return count + <u32>!ended;
}

/** Bytes of a citation mark at `at`, brackets included, or 0. */
function citationAt(at: usize, end: usize): usize {
  let q = at + 1;
  while (q < end && <u32>load<u8>(q) - 0x30 < 10) q++;
  if (q > at + 1) return q < end && load<u8>(q) == 0x5d ? q + 1 - at : 0;
  if (end - at >= 6 && (load<u32>(q) | 0x20202020) == 0x74696465 && load<u8>(q + 4) == 0x5d) return 6;
  // "citation needed]" as two loads; bit 5 makes letters lower case and nothing else a letter, the space is compared by
  // itself.
  if (end - at < 17 || load<u8>(q + 8) != 0x20 || load<u8>(q + 15) != 0x5d) return 0;
  const lower: u64 = 0x2020202020202020;
  if ((load<u64>(q) | lower) != 0x6e6f697461746963) return 0;
  return ((load<u64>(q + 8) | lower) & 0x00ffffffffffff00) == 0x0064656465656e00 ? 17 : 0;
}

/** Sets the clean line, and lists the citation marks that it is cleaned of. */
function clean(text: usize, start: usize, end: usize, citations: bool): void {
  cleanStart = start;
  cleanEnd = end;
  if (!citations || countByte(start, end, 0x5b) == 0) return;
  const before = nCitations;
  let to: usize = 0;
  let at = start;
  for (let q = start; q < end; ) {
    const size = load<u8>(q) == 0x5b ? citationAt(q, end) : 0;
    if (size == 0) {
      q++;
      continue;
    }
    if (nCitations == before) {
      if (copyRoom < end - start) {
        copyRoom = end - start;
        copy = arenaAlloc(copyRoom + 64);
      }
      to = copy;
    }
    memory.copy(to, at, q - at);
    to += q - at;
    store<u32>(citationStarts + (nCitations << 2), <u32>(q - text));
    store<u32>(citationEnds + (nCitations << 2), <u32>(q + size - text));
    nCitations++;
    q += size;
    at = q;
  }
  if (nCitations == before) return;
  memory.copy(to, at, end - at);
  to += end - at;
  memory.fill(to, 0, 64);
  cleanStart = copy;
  while (cleanStart < to && (classAt(cleanStart) & WHITE_SPACE) != 0) {
    cleanStart++;
    while ((<u32>load<u8>(cleanStart) & 0xc0) == 0x80) cleanStart++;
  }
  while (to > cleanStart && (classAt(previous(cleanStart, to)) & WHITE_SPACE) != 0) to = previous(cleanStart, to);
  cleanEnd = to;
}

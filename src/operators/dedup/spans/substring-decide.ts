import { statSync } from 'node:fs';
import { RECORD_WORDS, type SubstringKernel, type SubstringOptions, TIED } from '../../../kernels/substring.ts';
import type { BarrierDecision, BarrierSplit } from '../../../streams/flow/barrier.ts';
import { copiesHold, joinedCopies, type SameStretch, sameBytes, sameWords } from '../minhash/verified-copies.ts';
import { type DocumentTexts, documentTexts } from '../tables/document-texts.ts';
import { KeyNumbers } from '../tables/key-numbers.ts';
import { KeyTables } from '../tables/key-tables.ts';
import { TextPlaces } from '../tables/text-places.ts';
import { TwiceFilter } from '../tables/twice-filter.ts';
import type { Compare } from './seen-windows.ts';
import { type SpanDecision, spanDecisions } from './span-decision.ts';
import { COPY_WORDS, SpanLog } from './span-log.ts';
import { DISK_WORDS, eachRecord, type RecordPart, recordParts } from './span-records.ts';
import { spansFound } from './spans-in-parts.ts';
import { emptyStretches, Overlaps, type Stretches } from './substring-overlaps.ts';

/** Of a record in work: itself, its hashes and tables, and where it stands. */
const BYTES_PER_RECORD = 120;
/** Of a record to tell those that are alone: two hashes in the filter, rounded up to a power of two. */
const FILTER_BYTES = 16;

/**
 * Cuts every window that stands earlier in the corpus: at an earlier place of the same text, or in an earlier text.
 * Equal windows have equal anchors, so each anchor is a matter of its own. A stretch that equals an earlier one is cut
 * as a whole; of the others, those whose anchor stands in several different stretches are read back and compared
 * (substring-overlaps.ts).
 *
 * Copies are found by hashes, and no text is cut before its bytes were compared with those that it repeats: split by
 * split, when all copies are known. As long as every copy of a split holds, its cuts are right: the first of equal
 * windows is never taken for a copy, so no later one is missed. When one does not hold, hashes have collided (a chance
 * of about 10^-20 a pair, or a forged text), and from that split on all is found again with each equal hash compared on
 * the spot.
 */
export async function* decideSubstrings(
  splits: readonly BarrierSplit[],
  memoryBytes: number,
  options: SubstringOptions & SpanDecision,
  kernel: SubstringKernel,
): AsyncGenerator<BarrierDecision> {
  const tables = new KeyTables(splits);
  yield* spanDecisions(tables, copiesIn(tables, memoryBytes, options, kernel), options);
}

/** What `decideSubstrings` would join and judge, of splits with some of the anchors: decisions that keep all. */
export async function* findSubstrings(
  splits: readonly BarrierSplit[],
  memoryBytes: number,
  options: SubstringOptions & Pick<SpanDecision, 'cut'>,
  kernel: SubstringKernel,
): AsyncGenerator<BarrierDecision> {
  const tables = new KeyTables(splits);
  yield* spansFound(tables, copiesIn(tables, memoryBytes, options, kernel), options.cut);
}

/** Where the stretches lie that `findSubstrings` may compare, in the spill of each split: from and to. */
export async function comparedStretches(splits: readonly BarrierSplit[], memoryBytes: number): Promise<Float64Array[]> {
  const tables = new KeyTables(splits);
  const starts = new Float64Array(tables.documents);
  tables.scan(['start'], ([buffer], from, rows) => starts.set(new Float64Array(buffer, 0, rows), from));
  const found = new TextPlaces(splits.length, memoryBytes / 8);
  for (const records of companyParts(tables, memoryBytes))
    for (let at = 0; at < records.length; at += DISK_WORDS) {
      const d = records[at + RECORD_WORDS];
      found.add(tables.splitOf(d), starts[d] + records[at + 6], starts[d] + (records[at + 7] & ~TIED));
    }
  return found.all();
}

/** Row, start and end of each copy, by split. */
function copiesIn(
  tables: KeyTables,
  memoryBytes: number,
  options: SubstringOptions,
  kernel: SubstringKernel,
): Pick<SpanLog, 'take' | 'close'> {
  const same = options.unit === 'words' ? sameWords : sameBytes;
  let log = new SpanLog(tables, memoryBytes / 8, COPY_WORDS);
  findCopies(tables, memoryBytes, options, kernel, log);
  let careful = false;
  const take = (split: number): Uint32Array => {
    const copies = log.take(split);
    if (careful) return spansOf(copies);
    if (copiesHold(tables, split, joinedCopies(copies), same, memoryBytes / 8)) return spansOf(copies);
    careful = true;
    log.close();
    log = new SpanLog(tables, memoryBytes / 8, COPY_WORDS);
    const texts = documentTexts(tables, memoryBytes / 8);
    try {
      findCopies(tables, memoryBytes / 2, options, kernel, log, compareIn(texts, same));
    } finally {
      texts.close();
    }
    return take(split);
  };
  return { take, close: () => log.close() };
}

function compareIn(texts: DocumentTexts, same: SameStretch): Compare {
  return (a, aStart, aEnd, b, bStart, bEnd) => same(texts.stretch(a, aStart, aEnd), texts.stretch(b, bStart, bEnd));
}

/** Row, start and end of each copy. */
function spansOf(copies: Uint32Array): Uint32Array {
  const spans = new Uint32Array(copies.length / 2);
  for (let at = 0, to = 0; at < copies.length; at += COPY_WORDS)
    for (let w = 0; w < 3; w++) spans[to++] = copies[at + w];
  return spans;
}

/** @param compare called for stretches of equal hash; default: they are taken for the same */
function findCopies(
  tables: KeyTables,
  memoryBytes: number,
  options: SubstringOptions,
  kernel: SubstringKernel,
  log: SpanLog,
  compare?: Compare,
): void {
  const overlaps = new Overlaps(tables, options, kernel, memoryBytes / 4, log, compare);
  try {
    for (const records of companyParts(tables, memoryBytes)) overlaps.find(findEqualStretches(records, log, compare));
  } finally {
    overlaps.close();
  }
}

/**
 * Records of stretches that may share a window with another one, each with its document, in parts that fit the memory;
 * an anchor is never parted.
 */
function* companyParts(tables: KeyTables, memoryBytes: number): Generator<Uint32Array, void, void> {
  const bytes = tables.splits.map(({ keys, range }) => (range ? range.to - range.from : statSync(keys).size));
  const most = bytes.reduce((sum, n) => sum + n, 0) / RECORD_WORDS / 4;
  if (most * FILTER_BYTES <= memoryBytes / 4) {
    const all: RecordPart = { count: most, each: (visit) => eachRecord(tables, visit) };
    const records = inCompany(all, memoryBytes / 2 / BYTES_PER_RECORD);
    if (records !== null) {
      yield records;
      return;
    }
  }
  for (const part of recordParts(tables, memoryBytes / 2, BYTES_PER_RECORD + FILTER_BYTES))
    yield inCompany(part, part.count) ?? new Uint32Array(0);
}

/**
 * Equal windows have the same beside their anchor, on the left or on the right; but where an anchor stands twice in a
 * window, they may have different ones. Null: more than `most`.
 */
function inCompany(part: RecordPart, most: number): Uint32Array | null {
  const filter = new TwiceFilter(part.count * 2);
  part.each((words, at) => {
    const sides = words[at + 4];
    if ((sides & 0xffff) !== 0) filter.add(words[at], sides & 0xffff);
    if (sides >>> 16 !== 0) filter.add(words[at], sides & ~0xffff);
  });
  const limit = Math.floor(most) * DISK_WORDS;
  let records = new Uint32Array(Math.min(limit, 1024 * DISK_WORDS));
  let filled = 0;
  let fits = true;
  part.each((words, at, document) => {
    const sides = words[at + 4];
    const company =
      words[at + 7] >= TIED ||
      ((sides & 0xffff) !== 0 && filter.twice(words[at], sides & 0xffff)) ||
      (sides >>> 16 !== 0 && filter.twice(words[at], sides & ~0xffff));
    if (!company || !fits) return;
    if (filled === records.length) {
      fits = filled < limit;
      if (!fits) return;
      const grown = new Uint32Array(Math.min(limit, filled * 2));
      grown.set(records);
      records = grown;
    }
    for (let w = 0; w < RECORD_WORDS; w++) records[filled + w] = words[at + w];
    records[filled + RECORD_WORDS] = document;
    filled += DISK_WORDS;
  });
  return fits ? records.subarray(0, filled) : null;
}

/** Logs the stretches that equal an earlier one as a whole; the others whose anchor stands in several come back. */
function findEqualStretches(records: Uint32Array, log: SpanLog, compare?: Compare): Stretches {
  const room = records.length / DISK_WORDS;
  const numbers = new KeyNumbers(4, room);
  const anchors = new KeyNumbers(2, room);
  const all = emptyStretches(room);
  const several = new Uint8Array(room);
  for (let at = 0; at < records.length; at += DISK_WORDS) {
    const d = records[at + RECORD_WORDS];
    const start = records[at + 6];
    const end = records[at + 7] & ~TIED;
    const tied = records[at + 7] >= TIED ? 1 : 0;
    const known = numbers.count;
    const same = compare && ((n: number) => compare(all.document[n], all.start[n], all.end[n], d, start, end));
    const n = numbers.number(records, at, same);
    if (n < known) {
      log.add(d, start, end, all.document[n], all.start[n], all.end[n]);
      continue;
    }
    const before = anchors.count;
    const a = anchors.number(records, at);
    if (a < before || tied === 1) several[a] = 1;
    all.anchor[n] = a;
    all.document[n] = d;
    all.start[n] = start;
    all.end[n] = end;
    all.sides[n] = records[at + 4];
    all.place[n] = records[at + 5];
    all.tied[n] = tied;
  }
  let count = 0;
  for (let n = 0; n < numbers.count; n++) {
    if (several[all.anchor[n]] === 0) continue;
    all.anchor[count] = all.anchor[n];
    all.document[count] = all.document[n];
    all.start[count] = all.start[n];
    all.end[count] = all.end[n];
    all.sides[count] = all.sides[n];
    all.place[count] = all.place[n];
    all.tied[count++] = all.tied[n];
  }
  return { ...all, count, anchors: anchors.count };
}

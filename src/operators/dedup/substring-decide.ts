import { RECORD_WORDS, type SubstringKernel, type SubstringOptions, TIED } from '../../kernels/substring.ts';
import type { BarrierDecision, BarrierSplit } from '../../streams/barrier.ts';
import { COPY_WORDS, CopyLog } from './copy-log.ts';
import { DocumentTexts } from './document-texts.ts';
import { KeyTables } from './key-tables.ts';
import { SpilledTexts } from './shingle-sets.ts';
import { type SpanDecision, spanDecisions } from './span-decision.ts';
import { HashNumbers, type RecordPart, recordParts } from './span-records.ts';
import { TwiceFilter } from './twice-filter.ts';
import { copiesHold, joinedCopies, type SameStretch, sameBytes, sameWords } from './verified-copies.ts';

/** Of a record in a partition: its hashes and tables, where it stands, and 9 to tell those that are alone. */
const BYTES_PER_RECORD = 89;
/** Of a window in the table of windows, and where it stands. */
const BYTES_PER_WINDOW = 44;
/** Stretches read back at once. */
const READ_AT_ONCE = 256;

/** Whether stretch a (a document, start and end) is the same as stretch b. */
type Compare = (a: number, aStart: number, aEnd: number, b: number, bStart: number, bEnd: number) => boolean;

/**
 * Cuts every window that stands earlier in the corpus: at an earlier place of the same text, or in an earlier text. Equal windows have equal anchors, so each anchor is a
 * matter of its own. A stretch that equals an earlier one is cut as a whole; of the others, those whose anchor stands in several different stretches are read back
 * and compared window by window.
 *
 * Copies are found by hashes, and no text is cut before its bytes were compared with those that it repeats: split by split, when all copies are known. As long as
 * every copy of a split holds, its cuts are right: the first of equal windows is never taken for a copy, so no later one is missed. When one does not hold, hashes
 * have collided (a chance of about 10^-20 a pair, or a forged text), and from that split on all is found again with each equal hash compared on the spot.
 */
export async function* decideSubstrings(
  splits: readonly BarrierSplit[],
  memoryBytes: number,
  options: SubstringOptions & SpanDecision,
  kernel: SubstringKernel,
): AsyncGenerator<BarrierDecision> {
  const tables = new KeyTables(splits);
  const same = options.unit === 'words' ? sameWords : sameBytes;
  let log = new CopyLog(tables, memoryBytes / 8);
  findCopies(tables, memoryBytes, options.window, kernel, log);
  let careful = false;
  const take = (split: number): Uint32Array => {
    const copies = log.take(split);
    if (careful) return spansOf(copies);
    const joined = joinedCopies(copies);
    const holds = (list: Uint32Array): boolean => copiesHold(tables, split, list, same, memoryBytes / 8);
    if (holds(joined)) return spansOf(joined);
    if (holds(copies)) return spansOf(copies);
    careful = true;
    log.close();
    log = new CopyLog(tables, memoryBytes / 8);
    const texts = new DocumentTexts(tables, memoryBytes / 8);
    try {
      findCopies(tables, memoryBytes / 2, options.window, kernel, log, compareIn(texts, same));
    } finally {
      texts.close();
    }
    return take(split);
  };
  yield* spanDecisions(tables, { take, close: () => log.close() }, options);
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
  window: number,
  kernel: SubstringKernel,
  log: CopyLog,
  compare?: Compare,
): void {
  const texts = new SpilledTexts(tables.splits.map((s) => s.spill));
  try {
    for (const part of recordParts(tables, memoryBytes / 2, BYTES_PER_RECORD)) {
      const unsure = findEqualStretches(part, log, compare);
      const rounds = Math.ceil((unsure.count * window * BYTES_PER_WINDOW) / (memoryBytes / 4));
      for (let round = 0; round < rounds; round++) {
        const seen = new SeenWindows(compare);
        const batch = new StretchBatch(tables, texts, (values, offsets, list) => {
          const { offsets: ends, words } = kernel.windows(values, offsets, list.length);
          list.forEach((k, i) => {
            // Windows are told apart within the stretches of an anchor.
            for (let w = ends[i]; w < ends[i + 1]; w++) words[w * RECORD_WORDS + 2] = unsure.key[k];
            findSeenWindows(unsure, k, words, ends[i], ends[i + 1], seen, log);
          });
        });
        batch.read(unsure, (k) => unsure.key[k] % rounds === round);
      }
    }
  } finally {
    texts.close();
  }
}

/** Stretches that need a closer look, in input order. */
interface Stretches {
  readonly count: number;
  readonly key: Uint32Array;
  readonly document: Uint32Array;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
}

/**
 * Stretches that may share a window with another one, as a flag each: equal windows have the same beside their anchor, on the left or on the right; but where an
 * anchor stands twice in a window, they may have different ones.
 */
function inCompany(part: RecordPart): { flags: Uint8Array; count: number } {
  const filter = new TwiceFilter(part.count * 2);
  part.each((words, at) => {
    if (words[at + 4] !== 0) filter.add(words[at], words[at + 4]);
    if (words[at + 5] !== 0) filter.add(words[at], ~words[at + 5]);
  });
  const flags = new Uint8Array(part.count);
  let count = 0;
  let k = 0;
  part.each((words, at) => {
    const company =
      words[at + 7] >= TIED ||
      (words[at + 4] !== 0 && filter.twice(words[at], words[at + 4])) ||
      (words[at + 5] !== 0 && filter.twice(words[at], ~words[at + 5]));
    if (company) count++;
    flags[k++] = company ? 1 : 0;
  });
  return { flags, count };
}

function findEqualStretches(part: RecordPart, log: CopyLog, compare?: Compare): Stretches {
  const { flags, count: room } = inCompany(part);
  const stretches = new HashNumbers(room);
  const anchors = new HashNumbers(room);
  const anchorOf = new Int32Array(room);
  const several = new Uint8Array(room);
  const key = new Uint32Array(room);
  const document = new Uint32Array(room);
  const start = new Uint32Array(room);
  const end = new Uint32Array(room);
  let k = 0;
  const anchor = new Uint32Array(4);
  part.each((words, at, d) => {
    if (flags[k++] === 0) return;
    const from = words[at + 6];
    const to = words[at + 7] & ~TIED;
    const known = stretches.count;
    const same = compare && ((n: number) => compare(document[n], start[n], end[n], d, from, to));
    const n = stretches.number(words, at, same);
    if (n < known) {
      log.add(d, from, to, document[n], start[n], end[n]);
      return;
    }
    anchor[0] = words[at];
    anchor[1] = words[at + 1];
    const before = anchors.count;
    const a = anchors.number(anchor, 0);
    anchorOf[n] = a;
    if (a < before || words[at + 7] >= TIED) several[a] = 1;
    key[n] = words[at];
    document[n] = d;
    start[n] = from;
    end[n] = to;
  });
  let count = 0;
  for (let n = 0; n < stretches.count; n++) {
    if (several[anchorOf[n]] === 0) continue;
    key[count] = key[n];
    document[count] = document[n];
    start[count] = start[n];
    end[count++] = end[n];
  }
  return { count, key, document, start, end };
}

/** The first of equal windows of a round, by hash and anchor; grows as it fills. */
class SeenWindows {
  #compare: Compare | undefined;
  #room = 1 << 12;
  #numbers = new HashNumbers(this.#room);
  #hashes = new Uint32Array(this.#room * 4);
  #places = new Uint32Array(this.#room * 3);

  constructor(compare: Compare | undefined) {
    this.#compare = compare;
  }

  /** Number of the window with the hash in words `at` to `at + 4` when it came before, else -1. */
  find(words: Uint32Array, at: number, document: number, start: number, end: number): number {
    if (this.#numbers.count === this.#room) this.#grow();
    const [known, places, compare] = [this.#numbers.count, this.#places, this.#compare];
    const same =
      compare && ((n: number) => compare(places[3 * n], places[3 * n + 1], places[3 * n + 2], document, start, end));
    const n = this.#numbers.number(words, at, same);
    if (n < known) return n;
    for (let w = 0; w < 4; w++) this.#hashes[known * 4 + w] = words[at + w];
    places[3 * known] = document;
    places[3 * known + 1] = start;
    places[3 * known + 2] = end;
    return -1;
  }

  document(n: number): number {
    return this.#places[3 * n];
  }

  start(n: number): number {
    return this.#places[3 * n + 1];
  }

  end(n: number): number {
    return this.#places[3 * n + 2];
  }

  #grow(): void {
    const [hashes, places] = [this.#hashes, this.#places];
    this.#room *= 2;
    this.#numbers = new HashNumbers(this.#room);
    this.#hashes = new Uint32Array(this.#room * 4);
    this.#hashes.set(hashes);
    this.#places = new Uint32Array(this.#room * 3);
    this.#places.set(places);
    // All of them are different, also those of equal hash.
    for (let at = 0; at < hashes.length; at += 4) this.#numbers.number(hashes, at, () => false);
  }
}

/** Finds the runs of windows of stretch `k` that were seen, and adds the others. Bytes of a window count from the start of the stretch. */
function findSeenWindows(
  { document, start }: Stretches,
  k: number,
  words: Uint32Array,
  from: number,
  to: number,
  seen: SeenWindows,
  log: CopyLog,
): void {
  const run = { source: -1, start: 0, end: 0, from: 0, to: 0 };
  const close = (): void => {
    if (run.source >= 0) log.add(document[k], run.start, run.end, run.source, run.from, run.to);
    run.source = -1;
  };
  for (let w = from; w < to; w++) {
    const at = w * RECORD_WORDS;
    const [first, last] = [start[k] + words[at + 6], start[k] + words[at + 7]];
    const n = seen.find(words, at, document[k], first, last);
    if (n < 0) {
      close();
      continue;
    }
    const [source, sourceFrom] = [seen.document(n), seen.start(n)];
    // Windows go on as those that they repeat do: so far apart in bytes, or it is another run.
    if (source !== run.source || sourceFrom - run.from !== first - run.start) {
      close();
      run.source = source;
      run.start = first;
      run.from = sourceFrom;
    }
    run.end = last;
    run.to = seen.end(n);
  }
  close();
}

/** Reads stretches back from the spills, in input order, some at a time. */
class StretchBatch {
  #tables: KeyTables;
  #texts: SpilledTexts;
  #work: (values: Uint8Array, offsets: Int32Array, list: readonly number[]) => void;

  constructor(
    tables: KeyTables,
    texts: SpilledTexts,
    work: (values: Uint8Array, offsets: Int32Array, list: readonly number[]) => void,
  ) {
    this.#tables = tables;
    this.#texts = texts;
    this.#work = work;
  }

  read(unsure: Stretches, wanted: (k: number) => boolean): void {
    let next = 0;
    let list: number[] = [];
    let parts: Uint8Array[] = [];
    const flush = (): void => {
      const offsets = new Int32Array(list.length + 1);
      parts.forEach((p, i) => {
        offsets[i + 1] = offsets[i] + p.length;
      });
      if (list.length > 0) this.#work(Buffer.concat(parts), offsets, list);
      list = [];
      parts = [];
    };
    this.#tables.scan(
      ['start'],
      ([buffer], from, rows) => {
        const starts = new Float64Array(buffer, 0, rows);
        for (; next < unsure.count && unsure.document[next] < from + rows; next++) {
          if (!wanted(next)) continue;
          const document = unsure.document[next];
          const at = starts[document - from] + unsure.start[next];
          const bytes = unsure.end[next] - unsure.start[next];
          parts.push(this.#texts.text(this.#tables.splitOf(document), at, bytes).slice());
          list.push(next);
          if (list.length === READ_AT_ONCE) flush();
        }
      },
      (from, to) => next < unsure.count && unsure.document[next] >= from && unsure.document[next] < to,
    );
    flush();
  }
}

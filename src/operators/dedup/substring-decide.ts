import { openSubstringKernel, RECORD_WORDS, type SubstringOptions, TIED } from '../../kernels/substring.ts';
import type { BarrierDecision, BarrierSplit } from '../../streams/barrier.ts';
import { CutLog } from './cut-log.ts';
import { KeyTables } from './key-tables.ts';
import { SpilledTexts } from './shingle-sets.ts';
import { type SpanDecision, spanDecisions } from './span-decision.ts';
import { HashNumbers, type RecordPart, recordParts } from './span-records.ts';

/** Of a record in a partition: its hashes and tables, and where it stands. */
const BYTES_PER_RECORD = 80;
/** Of a window in the table of windows. */
const BYTES_PER_WINDOW = 32;
/** Stretches read back at once. */
const READ_AT_ONCE = 256;

/**
 * Cuts every window that stands earlier in the corpus: at an earlier place of the same text, or in an earlier text. Equal windows have equal anchors, so each anchor is a
 * matter of its own. A stretch that equals an earlier one is cut as a whole; of the others, those whose anchor stands in several different stretches are read back
 * and compared window by window.
 */
export async function* decideSubstrings(
  splits: readonly BarrierSplit[],
  memoryBytes: number,
  options: SubstringOptions & SpanDecision,
): AsyncGenerator<BarrierDecision> {
  const tables = new KeyTables(splits);
  const log = new CutLog(tables, memoryBytes / 8);
  const kernel = await openSubstringKernel(options);
  const texts = new SpilledTexts(splits.map((s) => s.spill));
  try {
    for (const part of recordParts(tables, memoryBytes / 2, BYTES_PER_RECORD)) {
      const unsure = cutEqualStretches(part, log);
      const windowsOfStretch = options.window;
      const rounds = Math.ceil((unsure.count * windowsOfStretch * BYTES_PER_WINDOW) / (memoryBytes / 4));
      for (let round = 0; round < rounds; round++) {
        const seen = new SeenWindows();
        const batch = new StretchBatch(tables, texts, (values, offsets, list) => {
          const { offsets: ends, words } = kernel.windows(values, offsets, list.length);
          list.forEach((k, i) => {
            cutSeenWindows(unsure, k, words, ends[i], ends[i + 1], seen, log);
          });
        });
        batch.read(unsure, (k) => unsure.key[k] % rounds === round);
      }
    }
  } finally {
    texts.close();
  }
  yield* spanDecisions(tables, log, options);
}

/** Stretches that need a closer look, in input order. */
interface Stretches {
  readonly count: number;
  readonly key: Uint32Array;
  readonly document: Uint32Array;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
}

function cutEqualStretches(part: RecordPart, log: CutLog): Stretches {
  const stretches = new HashNumbers(part.count);
  const anchors = new HashNumbers(part.count);
  const anchorOf = new Int32Array(part.count);
  const several = new Uint8Array(part.count);
  const key = new Uint32Array(part.count);
  const document = new Uint32Array(part.count);
  const start = new Uint32Array(part.count);
  const end = new Uint32Array(part.count);
  const anchor = new Uint32Array(4);
  part.each((words, at, d) => {
    const to = words[at + 7] & ~TIED;
    const known = stretches.count;
    const n = stretches.number(words, at + 2);
    if (n < known) {
      log.add(d, words[at + 6], to);
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
    start[n] = words[at + 6];
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

/** Windows of this round by their 128 bits; grows as it fills. */
class SeenWindows {
  #room = 1 << 12;
  #numbers = new HashNumbers(this.#room);
  #hashes = new Uint32Array(this.#room * 4);

  /** Whether the hash in words `at` to `at + 4` came before. */
  add(words: Uint32Array, at: number): boolean {
    if (this.#numbers.count === this.#room) this.#grow();
    const known = this.#numbers.count;
    if (this.#numbers.number(words, at) < known) return true;
    for (let w = 0; w < 4; w++) this.#hashes[known * 4 + w] = words[at + w];
    return false;
  }

  #grow(): void {
    const old = this.#hashes;
    this.#room *= 2;
    this.#numbers = new HashNumbers(this.#room);
    this.#hashes = new Uint32Array(this.#room * 4);
    this.#hashes.set(old);
    for (let at = 0; at < old.length; at += 4) this.#numbers.number(old, at);
  }
}

/** Cuts the runs of windows of stretch `k` that were seen, and adds the others. Bytes of a window count from the start of the stretch. */
function cutSeenWindows(
  { document, start }: Stretches,
  k: number,
  words: Uint32Array,
  from: number,
  to: number,
  seen: SeenWindows,
  log: CutLog,
): void {
  let open = -1;
  let end = 0;
  for (let w = from; w < to; w++) {
    const at = w * RECORD_WORDS;
    if (seen.add(words, at)) {
      if (open < 0) open = words[at + 6];
      end = words[at + 7];
    } else if (open >= 0) {
      log.add(document[k], start[k] + open, start[k] + end);
      open = -1;
    }
  }
  if (open >= 0) log.add(document[k], start[k] + open, start[k] + end);
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

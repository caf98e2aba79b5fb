import type { CutSpans } from '../../../streams/batch/outcome.ts';
import type { BarrierDecision, BarrierSplit } from '../../../streams/flow/barrier.ts';
import { KeyNumbers } from '../tables/key-numbers.ts';
import { KeyTables } from '../tables/key-tables.ts';
import { keepsAll, type SpanDecision, spanDecisions } from './span-decision.ts';
import { byRow, CUT_WORDS, SpanLog } from './span-log.ts';
import { type RecordPart, recordParts } from './span-records.ts';

export interface RepeatedDecision extends SpanDecision {
  /** Cut only what stands in more documents than this; 0: whatever stood before, also in the same document. */
  readonly moreThan: number;
  /** Of what is cut, the first document keeps its own. */
  readonly keepFirst: boolean;
}

/** Of a record in a partition: its hash and table, count and last document. */
const BYTES_PER_RECORD = 48;

/**
 * Cuts spans of equal 128-bit hash. A pass over each partition in input order; with `moreThan` one to count and one to
 * cut.
 */
export async function* decideRepeated(
  splits: readonly BarrierSplit[],
  memoryBytes: number,
  options: RepeatedDecision,
): AsyncGenerator<BarrierDecision> {
  const tables = new KeyTables(splits);
  yield* spanDecisions(tables, repeatedIn(tables, memoryBytes, options), options);
}

type Repeated = Pick<RepeatedDecision, 'moreThan' | 'keepFirst'>;

/** Spans that `decideRepeated` would join and judge, of splits with some of the records: decisions that keep all. */
export async function* findRepeated(
  splits: readonly BarrierSplit[],
  memoryBytes: number,
  options: Repeated & Pick<SpanDecision, 'cut'>,
): AsyncGenerator<BarrierDecision> {
  const tables = new KeyTables(splits);
  const log = repeatedIn(tables, memoryBytes, options);
  try {
    for (const [s, { split }] of splits.entries()) {
      const rows = tables.first[s + 1] - tables.first[s];
      yield { ...keepsAll(split, rows), cuts: spansOfLog(log.take(s), rows, options.cut) };
    }
  } finally {
    log.close();
  }
}

/** The decision on a split, of what `findRepeated` found in parts of its records. */
export function settleRepeated(
  split: BarrierSplit,
  found: readonly { readonly rows: Int32Array; readonly cuts: CutSpans }[],
  options: SpanDecision,
): BarrierDecision {
  const tables = new KeyTables([split]);
  const entries = new Uint32Array(CUT_WORDS * found.reduce((n, { cuts }) => n + cuts.start.length, 0));
  let to = 0;
  for (const { rows, cuts } of found)
    for (let i = 0; i < rows.length; i++)
      for (let k = cuts.offsets[i]; k < cuts.offsets[i + 1]; k++, to += CUT_WORDS)
        entries.set([rows[i], cuts.start[k], cuts.end[k]], to);
  const log = { take: () => byRow(entries, tables.documents, CUT_WORDS), close: () => {} };
  const [decision] = spanDecisions(tables, log, options);
  return decision;
}

function repeatedIn(tables: KeyTables, memoryBytes: number, options: Repeated): SpanLog {
  const log = new SpanLog(tables, memoryBytes / 8, CUT_WORDS);
  for (const part of recordParts(tables, memoryBytes / 2, BYTES_PER_RECORD)) {
    if (options.moreThan > 0) cutCommon(part, log, options);
    else cutRepeated(part, log);
  }
  return log;
}

/** @param entries as `SpanLog.take` */
function spansOfLog(entries: Uint32Array, rows: number, name: string): CutSpans {
  const total = entries.length / CUT_WORDS;
  const offsets = new Int32Array(rows + 1);
  const [start, end] = [new Int32Array(total), new Int32Array(total)];
  for (let i = 0; i < total; i++) {
    offsets[entries[i * CUT_WORDS] + 1]++;
    [start[i], end[i]] = [entries[i * CUT_WORDS + 1], entries[i * CUT_WORDS + 2]];
  }
  for (let row = 0; row < rows; row++) offsets[row + 1] += offsets[row];
  return { offsets, start, end, rule: new Uint16Array(total), rules: [name] };
}

function cutRepeated(part: RecordPart, log: SpanLog): void {
  const seen = new KeyNumbers(4, part.count);
  part.each((words, at, document) => {
    const known = seen.count;
    if (seen.number(words, at) < known) log.add(document, words[at + 6], words[at + 7]);
  });
}

function cutCommon(part: RecordPart, log: SpanLog, { moreThan, keepFirst }: Repeated): void {
  const numbers = new KeyNumbers(4, part.count);
  const documents = new Uint32Array(part.count);
  const latest = new Uint32Array(part.count);
  const first = new Uint32Array(part.count);
  part.each((words, at, document) => {
    const n = numbers.number(words, at);
    if (documents[n] === 0) first[n] = document;
    if (documents[n] > 0 && latest[n] === document) return;
    documents[n]++;
    latest[n] = document;
  });
  part.each((words, at, document) => {
    const n = numbers.number(words, at);
    if (documents[n] <= moreThan || (keepFirst && first[n] === document)) return;
    log.add(document, words[at + 6], words[at + 7]);
  });
}

import type { CutSpans } from '../../../streams/batch/outcome.ts';
import type { BarrierDecision, BarrierSplit } from '../../../streams/flow/barrier.ts';
import { KeyTables } from '../tables/key-tables.ts';
import { addSpan, keepsAll, type SpanDecision, type Spans, spanDecisions } from './span-decision.ts';
import { byRow, CUT_WORDS, type SpanLog } from './span-log.ts';

/** Spans that one part has found, by split: decisions that keep every row. @param name of the cuts */
export async function* spansFound(
  tables: KeyTables,
  log: Pick<SpanLog, 'take' | 'close'>,
  name: string,
): AsyncGenerator<BarrierDecision> {
  try {
    for (const [s, { split }] of tables.splits.entries()) {
      const rows = tables.first[s + 1] - tables.first[s];
      yield { ...keepsAll(split, rows), cuts: spansOfLog(log.take(s), rows, name) };
    }
  } finally {
    log.close();
  }
}

/** Those of a row that touch are joined. @param entries as `SpanLog.take` */
function spansOfLog(entries: Uint32Array, rows: number, name: string): CutSpans {
  const offsets = new Int32Array(rows + 1);
  const all: number[] = [];
  for (let row = 0, at = 0; row < rows; row++) {
    const spans: Spans = [];
    for (; at < entries.length && entries[at] === row; at += CUT_WORDS)
      addSpan(spans, entries[at + 1], entries[at + 2]);
    for (const byte of spans) all.push(byte);
    offsets[row + 1] = all.length / 2;
  }
  const start = Int32Array.from({ length: all.length / 2 }, (_, k) => all[2 * k]);
  const end = Int32Array.from({ length: all.length / 2 }, (_, k) => all[2 * k + 1]);
  return { offsets, start, end, rule: new Uint16Array(start.length), rules: [name] };
}

/** The decision on a split, of what `spansFound` says of its parts. */
export function settleSpans(
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

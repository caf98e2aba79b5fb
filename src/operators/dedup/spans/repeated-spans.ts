import type { BarrierDecision, BarrierSplit } from '../../../streams/flow/barrier.ts';
import { KeyNumbers } from '../tables/key-numbers.ts';
import { KeyTables } from '../tables/key-tables.ts';
import { type SpanDecision, spanDecisions } from './span-decision.ts';
import { CUT_WORDS, SpanLog } from './span-log.ts';
import { type RecordPart, recordParts } from './span-records.ts';
import { spansFound } from './spans-in-parts.ts';

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
  yield* spansFound(tables, repeatedIn(tables, memoryBytes, options), options.cut);
}

function repeatedIn(tables: KeyTables, memoryBytes: number, options: Repeated): SpanLog {
  const log = new SpanLog(tables, memoryBytes / 8, CUT_WORDS);
  for (const part of recordParts(tables, memoryBytes / 2, BYTES_PER_RECORD)) {
    if (options.moreThan > 0) cutCommon(part, log, options);
    else cutRepeated(part, log);
  }
  return log;
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

import type { BarrierDecision, BarrierSplit } from '../../../streams/flow/barrier.ts';
import { KeyNumbers } from '../tables/key-numbers.ts';
import { KeyTables } from '../tables/key-tables.ts';
import { type SpanDecision, spanDecisions } from './span-decision.ts';
import { CUT_WORDS, SpanLog } from './span-log.ts';
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
  const log = new SpanLog(tables, memoryBytes / 8, CUT_WORDS);
  for (const part of recordParts(tables, memoryBytes / 2, BYTES_PER_RECORD)) {
    if (options.moreThan > 0) cutCommon(part, log, options);
    else cutRepeated(part, log);
  }
  yield* spanDecisions(tables, log, options);
}

function cutRepeated(part: RecordPart, log: SpanLog): void {
  const seen = new KeyNumbers(4, part.count);
  part.each((words, at, document) => {
    const known = seen.count;
    if (seen.number(words, at) < known) log.add(document, words[at + 6], words[at + 7]);
  });
}

function cutCommon(part: RecordPart, log: SpanLog, { moreThan, keepFirst }: RepeatedDecision): void {
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

import type { DocumentBatch } from './batch.ts';
import { takeRows, type Utf8Column } from './columns.ts';
import { cutsOfRows, type Verdict } from './outcome.ts';

/**
 * Rows `rows` (ascending) of a batch, with all that was decided on them, in fresh buffers. Counts of nulls stay those
 * of the whole batch; token ids stay behind.
 */
export function rowsOfBatch(batch: DocumentBatch, rows: Int32Array): DocumentBatch {
  const { originalText, cuts } = batch;
  return batch.with({
    rows: rows.length,
    columns: new Map([...batch.columns].map(([name, c]) => [name, takeRows(c, rows)] as const)),
    alive: Uint8Array.from(rows, (r) => batch.alive[r]),
    verdicts: batch.verdicts.map((v) => verdictOf(v, rows)),
    originalText: originalText ? (takeRows(originalText, rows) as Utf8Column) : undefined,
    cuts: cuts ? cutsOfRows(cuts, rows) : undefined,
    made: batch.made ? Uint8Array.from(rows, (r) => batch.made![r]) : undefined,
    tokenIds: undefined,
    retry: batch.retry ? Array.from(rows, (r) => batch.retry![r]) : undefined,
  });
}

function verdictOf(v: Verdict, rows: Int32Array): Verdict {
  const failed = new Uint32Array(rows.length * v.failedWords);
  rows.forEach((r, i) => {
    failed.set(v.failed.subarray(r * v.failedWords, (r + 1) * v.failedWords), i * v.failedWords);
  });
  const doubles = (values: Float64Array): Float64Array => Float64Array.from(rows, (r) => values[r]);
  return {
    ...v,
    judged: Uint8Array.from(rows, (r) => v.judged[r]),
    rule: Int16Array.from(rows, (r) => v.rule[r]),
    value: doubles(v.value),
    failed,
    ...(v.duplicateOf ? { duplicateOf: Array.from(rows, (r) => v.duplicateOf![r]) } : {}),
    ...(v.similarity ? { similarity: doubles(v.similarity) } : {}),
    ...(v.threshold ? { threshold: doubles(v.threshold) } : {}),
  };
}

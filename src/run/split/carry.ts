import { excerptColumn } from '../../sinks/excerpt.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { CARRIED } from '../../streams/batch/carried.ts';
import type { Column } from '../../streams/batch/columns.ts';
import { cutsOfRows } from '../../streams/batch/outcome.ts';
import { originalBytes } from '../../streams/commits/counting.ts';

/**
 * The rows alive, compacted, with what the ledger will need later in columns of their own: `_text_bytes` (of the text
 * as read), `_judged` (deciding steps so far) and, once a rewrite has changed the text, `_excerpt`. Cut spans travel
 * along.
 */
export function carriedOver(batch: DocumentBatch): DocumentBatch {
  const rows = batch.aliveRows();
  const judged = new Int32Array(batch.rows);
  const before = batch.columns.get(CARRIED.judged);
  for (let i = 0; i < batch.rows; i++) {
    judged[i] = (before ? Number(before.values[i]) : 0) + batch.verdicts.reduce((n, v) => n + v.judged[i], 0);
  }
  const extra: [string, Column][] = [
    [CARRIED.textBytes, { type: 'int32', values: originalBytes(batch), valid: null }],
    [CARRIED.judged, { type: 'int32', values: judged, valid: null }],
  ];
  if (batch.originalText && !batch.columns.has(CARRIED.excerpt)) extra.push([CARRIED.excerpt, excerptColumn(batch)]);
  const compact = batch.withColumns(extra).compact();
  return compact.with({
    textVersion: batch.textVersion,
    stale: batch.stale,
    cuts: batch.cuts ? cutsOfRows(batch.cuts, rows) : undefined,
  });
}

import { excerptColumn } from '../sinks/index.ts';
import type { DocumentBatch } from '../streams/batch.ts';
import type { Column } from '../streams/columns.ts';
import { originalBytes } from '../streams/counters.ts';
import type { CutSpans } from '../streams/outcome.ts';

/**
 * The rows alive, compacted, with what the ledger will need later in columns of their own: `_text_bytes` (of the text as read), `_judged`
 * (deciding steps so far) and, once a rewrite has changed the text, `_excerpt`. Cut spans travel along.
 */
export function carriedOver(batch: DocumentBatch): DocumentBatch {
  const rows = batch.aliveRows();
  const judged = new Int32Array(batch.rows);
  const before = batch.columns.get('_judged');
  for (let i = 0; i < batch.rows; i++) {
    judged[i] = (before ? Number(before.values[i]) : 0) + batch.verdicts.reduce((n, v) => n + v.judged[i], 0);
  }
  const extra: [string, Column][] = [
    ['_text_bytes', { type: 'int32', values: originalBytes(batch), valid: null }],
    ['_judged', { type: 'int32', values: judged, valid: null }],
  ];
  if (batch.originalText && !batch.columns.has('_excerpt')) extra.push(['_excerpt', excerptColumn(batch)]);
  const compact = batch.withColumns(extra).compact();
  return compact.with({
    textVersion: batch.textVersion,
    stale: batch.stale,
    cuts: batch.cuts ? cutsOf(batch.cuts, rows) : undefined,
  });
}

function cutsOf(cuts: CutSpans, rows: Int32Array): CutSpans {
  const offsets = new Int32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) offsets[i + 1] = offsets[i] + cuts.offsets[rows[i] + 1] - cuts.offsets[rows[i]];
  const start = new Int32Array(offsets[rows.length]);
  const end = new Int32Array(offsets[rows.length]);
  const rule = new Uint16Array(offsets[rows.length]);
  for (let i = 0; i < rows.length; i++) {
    const [from, to] = [cuts.offsets[rows[i]], cuts.offsets[rows[i] + 1]];
    start.set(cuts.start.subarray(from, to), offsets[i]);
    end.set(cuts.end.subarray(from, to), offsets[i]);
    rule.set(cuts.rule.subarray(from, to), offsets[i]);
  }
  return { offsets, start, end, rule, rules: cuts.rules };
}

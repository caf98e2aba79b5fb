import { type Column, utf8Column } from '../streams/batch/columns.ts';
import { DERIVED } from '../streams/batch/lineage.ts';
import type { QuarantinedRecord } from '../streams/batch/outcome.ts';
import { positionColumns } from './column-makers.ts';
import type { TableBatch } from './table.ts';

/** Names and types of `quarantine/part-*.jsonl`, in order; what a recipe does not write is null. */
export const quarantineSchema = [
  { name: 'file', type: 'utf8' },
  { name: 'block', type: 'int64' },
  { name: 'offset', type: 'int64' },
  { name: 'row', type: 'uint32' },
  /** Of a created document. */
  { name: DERIVED, type: 'utf8' },
  { name: 'bytes', type: 'int64' },
  /** Documents lost with it. */
  { name: 'rows', type: 'int64' },
  /** 1: estimated by its bytes. */
  { name: 'rows_estimated', type: 'int32' },
  /** Where only the whole run can tell `rows`: bytes that are lost, and of what. Else null. */
  { name: 'lost_bytes', type: 'int64' },
  { name: 'lost_unit', type: 'utf8' },
  { name: 'reason', type: 'utf8' },
  { name: 'detail', type: 'utf8' },
  { name: 'excerpt', type: 'utf8' },
] as const;

/** Lines of `quarantineSchema`. @param creates whether a step of the recipe creates documents: only then `derived` */
export function quarantineRows(records: readonly QuarantinedRecord[], creates = false): TableBatch {
  const bytes: Column = { type: 'int64', values: BigInt64Array.from(records, (r) => BigInt(r.bytes)), valid: null };
  const columns = new Map<string, Column>([
    ...positionColumns(records),
    ...(creates ? [[DERIVED, utf8Column(records.map((r) => r.derived ?? null))] as const] : []),
    ['bytes', bytes],
    ['rows', { type: 'int64', values: BigInt64Array.from(records, (r) => BigInt(r.rows ?? 1)), valid: null }],
    ['rows_estimated', { type: 'int32', values: Int32Array.from(records, (r) => (r.estimated ? 1 : 0)), valid: null }],
    ['lost_bytes', lostBytes(records)],
    ['lost_unit', utf8Column(records.map((r) => r.blind?.unit ?? null))],
    ['reason', utf8Column(records.map((r) => r.reason))],
    ['detail', utf8Column(records.map((r) => r.detail))],
    ['excerpt', utf8Column(records.map((r) => r.excerpt))],
  ]);
  return { columns, rows: records.length };
}

function lostBytes(records: readonly QuarantinedRecord[]): Column {
  const valid = new Uint8Array((records.length + 7) >> 3);
  records.forEach((r, i) => {
    if (r.blind) valid[i >> 3] |= 1 << (i & 7);
  });
  return { type: 'int64', values: BigInt64Array.from(records, (r) => BigInt(r.blind?.bytes ?? 0)), valid };
}

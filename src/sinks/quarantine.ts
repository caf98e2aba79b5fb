import { type Column, utf8Column } from '../streams/batch/columns.ts';
import type { QuarantinedRecord } from '../streams/batch/outcome.ts';
import { positionColumns } from './column-makers.ts';
import type { TableBatch } from './table.ts';

/**
 * Lines of `quarantine/part-*.jsonl`: file, block, offset, row, bytes, rows (documents lost with it), rows_estimated (1:
 * by its bytes), reason, detail, excerpt, in that order.
 */
export function quarantineRows(records: readonly QuarantinedRecord[]): TableBatch {
  const bytes: Column = { type: 'int64', values: BigInt64Array.from(records, (r) => BigInt(r.bytes)), valid: null };
  const columns = new Map<string, Column>([
    ...positionColumns(records),
    ['bytes', bytes],
    ['rows', { type: 'int64', values: BigInt64Array.from(records, (r) => BigInt(r.rows ?? 1)), valid: null }],
    ['rows_estimated', { type: 'int32', values: Int32Array.from(records, (r) => (r.estimated ? 1 : 0)), valid: null }],
    ['reason', utf8Column(records.map((r) => r.reason))],
    ['detail', utf8Column(records.map((r) => r.detail))],
    ['excerpt', utf8Column(records.map((r) => r.excerpt))],
  ]);
  return { columns, rows: records.length };
}

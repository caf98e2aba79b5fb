import { type Column, utf8Column } from '../streams/batch/columns.ts';
import type { QuarantinedRecord } from '../streams/batch/outcome.ts';
import { positionColumns } from './column-makers.ts';
import type { TableBatch } from './table.ts';

/** Names and types of `quarantine/part-*.jsonl`, in order. */
export const quarantineSchema = [
  { name: 'file', type: 'utf8' },
  { name: 'block', type: 'int64' },
  { name: 'offset', type: 'int64' },
  { name: 'row', type: 'uint32' },
  { name: 'bytes', type: 'int64' },
  { name: 'reason', type: 'utf8' },
  { name: 'detail', type: 'utf8' },
  { name: 'excerpt', type: 'utf8' },
] as const;

/** Lines of `quarantineSchema`. */
export function quarantineRows(records: readonly QuarantinedRecord[]): TableBatch {
  const bytes: Column = { type: 'int64', values: BigInt64Array.from(records, (r) => BigInt(r.bytes)), valid: null };
  const columns = new Map<string, Column>([
    ...positionColumns(records),
    ['bytes', bytes],
    ['reason', utf8Column(records.map((r) => r.reason))],
    ['detail', utf8Column(records.map((r) => r.detail))],
    ['excerpt', utf8Column(records.map((r) => r.excerpt))],
  ]);
  return { columns, rows: records.length };
}

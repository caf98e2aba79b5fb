import type { DocumentBatch } from '../streams/batch/batch.ts';
import { type Column, type ColumnSpec, nullColumn, takeRows } from '../streams/batch/columns.ts';
import { DERIVED } from '../streams/batch/lineage.ts';
import { tokenIdsOf } from '../streams/batch/token-ids.ts';
import type { RowTokens, TableBatch } from './table.ts';

/** Names and types of a documents sink, in order. */
export function documentSchema(annotations: readonly ColumnSpec[], rewritten: boolean, creates = false): ColumnSpec[] {
  return [
    { name: 'id', type: 'utf8' },
    { name: 'text', type: 'utf8' },
    { name: 'domain', type: 'utf8' },
    { name: 'metadata', type: 'utf8' },
    { name: 'file', type: 'utf8' },
    { name: 'block', type: 'int64' },
    { name: 'offset', type: 'int64' },
    { name: 'row', type: 'uint32' },
    ...(creates ? [{ name: DERIVED, type: 'utf8' } as const] : []),
    ...annotations,
    ...(rewritten ? [{ name: 'text_version', type: 'int32' } as const] : []),
  ];
}

/**
 * The rows alive as a documents sink writes them: the document, its position in the input, every annotation, and
 * `text_version` where the recipe rewrites text. Annotations that the batch does not have are null.
 */
export function documentColumns(
  batch: DocumentBatch,
  annotations: readonly ColumnSpec[],
  rewritten: boolean,
  creates = false,
): TableBatch {
  const alive = batch.aliveRows();
  const all = alive.length === batch.rows;
  const columns = new Map<string, Column>();
  for (const { name, type } of documentSchema(annotations, rewritten, creates)) {
    if (name === 'text_version')
      columns.set(name, { type: 'int32', values: new Int32Array(alive.length).fill(batch.textVersion), valid: null });
    else columns.set(name, columnOf(batch, { name, type }, all ? null : alive));
  }
  return { columns, rows: alive.length, tokenIds: tokensOf(batch, all ? null : alive) };
}

/** Ids that a step has left on the batch, of the rows given; null = all. */
function tokensOf(batch: DocumentBatch, rows: Int32Array | null): RowTokens | null {
  const { tokenIds } = batch;
  if (tokenIds === null || tokenIdsOf(batch, tokenIds.tokenizer) === null) return null;
  if (rows === null) return tokenIds;
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => {
    offsets[i + 1] = offsets[i] + tokenIds.offsets[row + 1] - tokenIds.offsets[row];
  });
  const ids = new Uint32Array(offsets[rows.length]);
  rows.forEach((row, i) => {
    ids.set(tokenIds.ids.subarray(tokenIds.offsets[row], tokenIds.offsets[row + 1]), offsets[i]);
  });
  return { tokenizer: tokenIds.tokenizer, ids, offsets };
}

function columnOf(batch: DocumentBatch, { name, type }: ColumnSpec, rows: Int32Array | null): Column {
  const c = batch.columns.get(name);
  if (!c || c.type !== type) return nullColumn(type, rows?.length ?? batch.rows);
  return rows === null ? c : takeRows(c, rows);
}

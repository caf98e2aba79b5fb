import type { DocumentBatch } from '../streams/batch/batch.ts';
import type { Utf8Column } from '../streams/batch/columns.ts';

/** Bytes of text that the ledger keeps of every document. */
export const EXCERPT_BYTES = 240;

/**
 * The first 240 bytes of the text as it was read, cut at a code point; from the column `_excerpt` when a barrier
 * carried it over.
 */
export function excerptColumn(batch: DocumentBatch): Utf8Column {
  const carried = batch.columns.get('_excerpt');
  if (carried?.type === 'utf8') return carried;
  const text = batch.originalText ?? batch.utf8('text');
  const offsets = new Int32Array(batch.rows + 1);
  for (let i = 0; i < batch.rows; i++)
    offsets[i + 1] = offsets[i] + cutAtCodePoint(text.values, text.offsets[i], text.offsets[i + 1]);
  const values = new Uint8Array(offsets[batch.rows]);
  for (let i = 0; i < batch.rows; i++) {
    const start = text.offsets[i];
    values.set(text.values.subarray(start, start + offsets[i + 1] - offsets[i]), offsets[i]);
  }
  return { type: 'utf8', offsets, values, valid: null };
}

function cutAtCodePoint(bytes: Uint8Array, start: number, end: number): number {
  if (end - start <= EXCERPT_BYTES) return end - start;
  let cut = start + EXCERPT_BYTES;
  while (cut > start && (bytes[cut] & 0xc0) === 0x80) cut--;
  return cut - start;
}

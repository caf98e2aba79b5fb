import type { DocumentBatch } from './batch.ts';
import type { Utf8Column } from './columns.ts';

/**
 * Columns that the engine carries over a barrier for the ledger: bytes of the text as read, how many deciding steps
 * have
 * judged the document, and the beginning of the text as read once a rewrite has changed it, or as a step wants it
 * shown.
 */
export const CARRIED = { textBytes: '_text_bytes', judged: '_judged', excerpt: '_excerpt' } as const;

/** Bytes of text that the ledger keeps of every document. */
export const EXCERPT_BYTES = 240;

/** What may be shown of the texts as they were read: excerpts that a step left for it, else the texts. */
export function shownTexts(batch: DocumentBatch): Utf8Column {
  const carried = batch.columns.get(CARRIED.excerpt);
  return carried?.type === 'utf8' ? carried : (batch.originalText ?? batch.utf8('text'));
}

/** The first 240 bytes of every text, cut at a code point. */
export function excerptsOf(text: Utf8Column): Utf8Column {
  const rows = text.offsets.length - 1;
  const offsets = new Int32Array(rows + 1);
  for (let i = 0; i < rows; i++)
    offsets[i + 1] = offsets[i] + cutAtCodePoint(text.values, text.offsets[i], text.offsets[i + 1]);
  const values = new Uint8Array(offsets[rows]);
  for (let i = 0; i < rows; i++) {
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

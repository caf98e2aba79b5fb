import type { DocumentBatch } from '../streams/batch/batch.ts';
import { CARRIED, excerptsOf } from '../streams/batch/carried.ts';
import type { Utf8Column } from '../streams/batch/columns.ts';

export { EXCERPT_BYTES } from '../streams/batch/carried.ts';

/** The first 240 bytes of each text as it was read; from its column when a barrier carried it over. */
export function excerptColumn(batch: DocumentBatch): Utf8Column {
  const carried = batch.columns.get(CARRIED.excerpt);
  return carried?.type === 'utf8' ? carried : excerptsOf(batch.originalText ?? batch.utf8('text'));
}

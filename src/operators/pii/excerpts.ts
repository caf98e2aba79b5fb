import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { EXCERPT_BYTES, excerptsOf, shownTexts } from '../../streams/batch/carried.ts';
import type { Utf8Column } from '../../streams/batch/columns.ts';
import { maskedText } from './masked-text.ts';
import type { Find } from './profiles.ts';
import type { TokenOf } from './tokens.ts';

/** Bytes behind an excerpt in which what begins in it may end. */
const BEHIND = 600;

/**
 * The excerpts of a batch for the ledger with nothing personal in them: of every document in it, also of those that an
 * earlier step has dropped, for the ledger has theirs too.
 */
export function maskedExcerpts(batch: DocumentBatch, find: Find, tokens: () => TokenOf): Utf8Column {
  const { values, offsets } = shownTexts(batch);
  const parts: Uint8Array[] = [];
  const ends = new Int32Array(batch.rows + 1);
  for (let row = 0; row < batch.rows; row++) {
    const from = offsets[row];
    let to = Math.min(offsets[row + 1], from + EXCERPT_BYTES + BEHIND);
    while (to > from && to < offsets[row + 1] && (values[to] & 0xc0) === 0x80) to--;
    const head = maskedText(values.subarray(from, to), find, tokens());
    parts.push(head);
    ends[row + 1] = ends[row] + head.length;
  }
  return excerptsOf({ type: 'utf8', offsets: ends, values: Buffer.concat(parts), valid: null });
}

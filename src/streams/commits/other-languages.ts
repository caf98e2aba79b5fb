import type { DocumentBatch } from '../batch/batch.ts';
import { type ColumnSpec, stringAt } from '../batch/columns.ts';

/** Column of `textParts()` in which it says what kind of text a document is; null: it was not looked at. */
export const KIND_COLUMN = 'parts_kind';
const OTHER_LANGUAGE = 'other_language';

/** Documents in other languages than the rules are for. */
export interface OtherLanguages {
  /** Documents kept or dropped that were counted here: all of the run, if none of it is of an earlier version. */
  documents: number;
  /** Of them, those whose language was looked at. */
  told: number;
  /** Of these, in other languages. */
  found: number;
  /** Of these, kept. */
  kept: number;
}

const none = (): OtherLanguages => ({ documents: 0, told: 0, found: 0, kept: 0 });

/**
 * Counts what a batch has come to at the end of a phase, where the recipe looks at languages at all.
 * @param before is added to
 * @param last false before a barrier: rows alive are counted later
 */
export function countOtherLanguages(
  before: OtherLanguages | undefined,
  batch: DocumentBatch,
  last: boolean,
  annotations: readonly ColumnSpec[],
): OtherLanguages | undefined {
  if (!annotations.some((a) => a.name === KIND_COLUMN)) return before;
  const mine = before ?? none();
  const kinds = batch.columns.has(KIND_COLUMN) ? batch.utf8(KIND_COLUMN) : null;
  for (let i = 0; i < batch.rows; i++) {
    const kept = batch.alive[i] === 1;
    if (kept && !last) continue;
    mine.documents++;
    const kind = kinds && stringAt(kinds, i);
    if (kind === null) continue;
    mine.told++;
    if (kind !== OTHER_LANGUAGE) continue;
    mine.found++;
    if (kept) mine.kept++;
  }
  return mine;
}

/** Adds the second to the first. */
export function addOtherLanguages(a: OtherLanguages | undefined, b: OtherLanguages): OtherLanguages {
  const mine = a ?? none();
  for (const key of ['documents', 'told', 'found', 'kept'] as const) mine[key] += b[key];
  return mine;
}

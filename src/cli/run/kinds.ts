import { openRunDatabase, rowsOf } from '../../ledger/database.ts';
import { committedTotals, type RunFolder } from '../../ledger/run-folder.ts';
import { KIND_COLUMN, type OtherLanguages } from '../../streams/commits/other-languages.ts';
import { scopeColumn } from '../../streams/scope.ts';
import { count, percent, plural } from '../terminal/format.ts';

/**
 * What a summary says where a recipe judges English prose alone: how many documents are of another language, and that
 * no rule for English judged them. Nothing where no step goes by `parts_kind`.
 */
export async function languageLines(folder: RunFolder): Promise<string[]> {
  if (!folder.steps.some(({ where }) => where !== null && scopeColumn(where) === KIND_COLUMN)) return [];
  const totals = committedTotals(folder);
  const counted = totals.otherLanguages;
  const all = totals.kept.documents + totals.dropped.documents;
  // Loading DuckDB costs 0.3 s of CPU.
  const { told, found, kept } = counted?.documents === all ? counted : await otherLanguagesIn(folder);
  if (found === 0) return [];
  return [
    `The rules are for English: ${plural(found, 'document')} (${percent(found, told)} of those ` +
      `looked at) seem to be in other languages and passed them unjudged; ` +
      `${count(kept)} ${kept === 1 ? 'was' : 'were'} kept.`,
  ];
}

/** Of the ledger: an earlier version, which did not count them, has worked on the run. */
export async function otherLanguagesIn(folder: RunFolder): Promise<OtherLanguages> {
  const db = await openRunDatabase(folder);
  try {
    const [row] = await rowsOf(
      db,
      `SELECT count(*) AS documents, count("${KIND_COLUMN}") AS told, ` +
        `count(*) FILTER ("${KIND_COLUMN}" = 'other_language') AS found, ` +
        `count(*) FILTER ("${KIND_COLUMN}" = 'other_language' AND outcome = 'kept') AS kept ` +
        `FROM ledger WHERE outcome IN ('kept', 'dropped')`,
    );
    const [documents, told, found, kept] = [row.documents, row.told, row.found, row.kept].map(Number);
    return { documents, told, found, kept };
  } finally {
    db.close();
  }
}

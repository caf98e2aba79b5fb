import { openRunDatabase, rowsOf } from '../../ledger/database.ts';
import { openRunFolder } from '../../ledger/run-folder.ts';
import { scopeColumn } from '../../streams/scope.ts';
import { count, percent, plural } from '../terminal/format.ts';

const COLUMN = 'parts_kind';

/**
 * What a summary says where a recipe judges English prose alone: how many documents are of another language, and that
 * no rule for English judged them. Counts are of the ledger. Nothing where no step goes by `parts_kind`.
 * @param run the run directory
 */
export async function languageLines(run: string): Promise<string[]> {
  const folder = await openRunFolder(run);
  if (!folder.steps.some(({ where }) => where !== null && scopeColumn(where) === COLUMN)) return [];
  const db = await openRunDatabase(folder);
  try {
    const [{ n, told, kept }] = await rowsOf(
      db,
      `SELECT count(*) FILTER ("${COLUMN}" = 'other_language') AS n, count("${COLUMN}") AS told, ` +
        `count(*) FILTER ("${COLUMN}" = 'other_language' AND outcome = 'kept') AS kept FROM ledger`,
    );
    if (Number(n) === 0) return [];
    return [
      `The rules are for English: ${plural(Number(n), 'document')} (${percent(Number(n), Number(told))} of those ` +
        `looked at) seem to be in other languages and passed them unjudged; ` +
        `${count(Number(kept))} ${Number(kept) === 1 ? 'was' : 'were'} kept.`,
    ];
  } finally {
    db.close();
  }
}

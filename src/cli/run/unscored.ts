import { openRunDatabase, rowsOf } from '../../ledger/database.ts';
import type { RunFolder } from '../../ledger/run-folder.ts';
import { safeText } from '../../safe-text.ts';
import { isSelection } from '../../streams/operator.ts';
import { count, percent, plural } from '../terminal/format.ts';

/** Why a model gave a document no score, for people; the keys stand in the `_unscored` columns. */
const REASONS: Readonly<Record<string, string>> = {
  trained_on: 'the model was trained on this text or its group',
  empty: 'no text',
  one_token: 'a single token',
  too_long: 'too long',
  unknown_tokens: 'tokens the model does not know',
  not_finite: 'the score is not a finite number',
};

/** A reason in words. */
export const unscoredReason = (reason: string): string => REASONS[reason] ?? safeText(reason);

/** Columns in which the scorers of a run say why there is no score. */
const unscoredColumns = ({ steps }: RunFolder): string[] =>
  steps.flatMap(({ writes }) => {
    const names = writes.map((c) => c.name);
    return names.filter((n) => n.endsWith('_unscored') && names.includes(n.slice(0, -'_unscored'.length)));
  });

/**
 * What a summary says of documents that a model did not score, a sentence a scorer; nothing where every document has
 * its score. Counts are of the ledger. Such documents pass every rule and selection that does not say otherwise, so
 * most of them are kept.
 */
export async function unscoredLines(folder: RunFolder): Promise<string[]> {
  const columns = unscoredColumns(folder);
  if (columns.length === 0) return [];
  const db = await openRunDatabase(folder);
  try {
    const lines: string[] = [];
    for (const column of columns) {
      const rows = await rowsOf(
        db,
        `SELECT "${column}" AS reason, count(*) AS n, count(*) FILTER (outcome = 'kept') AS kept FROM ledger ` +
          `WHERE "${column}" IS NOT NULL GROUP BY ALL ORDER BY n DESC, reason`,
      );
      const score = column.slice(0, -'_unscored'.length);
      const [{ n: scored }] = await rowsOf(db, `SELECT count("${score}") AS n FROM ledger`);
      const sum = (key: 'n' | 'kept'): number => rows.reduce((total, r) => total + Number(r[key]), 0);
      if (sum('n') === 0) continue;
      const reasons = rows.map((r) => `${unscoredReason(String(r.reason))}: ${count(Number(r.n))}`);
      const keeping = folder.steps.find(
        (s) => isSelection(s) && s.options.column === score && s.options.nulls === 'keep',
      );
      const drop = keeping ? `; --set ${safeText(keeping.step)}.nulls=drop would drop them` : '';
      lines.push(
        `${plural(sum('n'), 'document')} (${percent(sum('n'), sum('n') + Number(scored))} of those in scope) ` +
          `got no ${score} (${reasons.join(', ')}). ${count(sum('kept'))} of them were kept without a score; ` +
          `see ${column} in the ledger${drop}.`,
      );
    }
    return lines;
  } finally {
    db.close();
  }
}

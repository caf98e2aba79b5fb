import { conditionText } from '../streams/batch/condition.ts';
import { createsDocuments, type Scope, type StepDescriptor } from '../streams/operator.ts';
import { scopeColumn, scopeValues } from '../streams/scope.ts';

const text = (s: string): string => `'${s.replaceAll("'", "''")}'`;
const list = (names: readonly string[]): string => `(${names.map(text).join(', ')})`;

const COLUMNS = 'file, block, "offset", "row", derived, id, domain, outcome';

/**
 * The view `shadow_rules`: a row for every document and shadow rule that fails it, of the documents that came to the
 * step of the rule.
 */
export function shadowView(steps: readonly StepDescriptor[], within = ''): string {
  const creates = steps.findIndex(createsDocuments);
  const parts = steps.flatMap((s, i) =>
    s.rules
      .filter((r) => r.shadow)
      .map((r) => {
        const reached = steps.slice(i).map((later) => later.step);
        const holds = `(${conditionText(r)}) IS ${r.onNull === 'drop' ? 'NOT FALSE' : 'TRUE'}`;
        return (
          `SELECT ${COLUMNS}, ${text(s.step)} AS step, ${text(r.name)} AS rule, ` +
          `CAST(${r.column} AS DOUBLE) AS value, CAST(${r.threshold} AS DOUBLE) AS threshold ` +
          `FROM ${within}ledger WHERE ` +
          `(outcome = 'kept' OR (outcome = 'dropped' AND step IN ${list(reached)})) AND ` +
          `${inScope(s.where)} AND ` +
          `${i <= creates ? 'derived IS NULL AND ' : ''}${holds}`
        );
      }),
  );
  const none =
    `SELECT ${COLUMNS}, CAST(NULL AS VARCHAR) AS step, CAST(NULL AS VARCHAR) AS rule, CAST(NULL AS DOUBLE) AS value, ` +
    `CAST(NULL AS DOUBLE) AS threshold FROM ${within}ledger WHERE false`;
  return `CREATE VIEW ${within}shadow_rules AS ${parts.length > 0 ? parts.join(' UNION ALL ') : none}`;
}

function inScope(where: Scope | null): string {
  if (where === null) return 'true';
  const values = scopeValues(where);
  if (values.length === 0) return where.not ? 'true' : 'false';
  return `coalesce("${scopeColumn(where)}", '') ${where.not ? 'NOT IN' : 'IN'} ${list(values)}`;
}

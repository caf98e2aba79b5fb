import { type Scope, scopeColumn, scopeValues } from '../../streams/scope.ts';

/** Whether a row of the ledger is in a scope, in SQL. */
export function inScope(where: Scope | null): string {
  if (where === null) return 'true';
  const quoted = scopeValues(where).map((v) => `'${v.replaceAll("'", "''")}'`);
  const column = `"${scopeColumn(where).replaceAll('"', '""')}"`;
  return `(coalesce(${column}, '') ${where.not ? 'NOT IN' : 'IN'} (${quoted.join(', ')}))`;
}

import type { DocumentBatch } from './batch/batch.ts';
import { stringAt } from './batch/columns.ts';

/** Documents of some domains. */
export interface DomainScope {
  readonly domain: readonly string[];
  /** True: every domain but these. */
  readonly not?: boolean;
}

/** Documents in whose column, one of strings that an earlier step wrote, one of some values stands. */
export interface ColumnScope {
  readonly column: string;
  readonly is: readonly string[];
  /** True: every value but these, and those without one. */
  readonly not?: boolean;
}

/** Which documents a step applies to; the others pass it untouched and unjudged. */
export type Scope = DomainScope | ColumnScope;

/** The column that a scope looks at. */
export const scopeColumn = (where: Scope): string => ('column' in where ? where.column : 'domain');

/** The values that it names. */
export const scopeValues = (where: Scope): readonly string[] => ('column' in where ? where.is : where.domain);

/** Whether a scope covers a document with that value in its column. */
export const covers = (where: Scope, value: string | null): boolean =>
  scopeValues(where).includes(value ?? '') !== (where.not === true);

/** One byte per row: 1 where the row is alive and the scope covers it. */
export function rowsInScope(batch: DocumentBatch, where: Scope | null): Uint8Array {
  if (where === null) return batch.alive;
  const inScope = new Uint8Array(batch.rows);
  const column = batch.utf8(scopeColumn(where));
  const wanted = new Set(scopeValues(where));
  const not = where.not === true;
  for (let i = 0; i < batch.rows; i++)
    if (batch.alive[i] === 1 && wanted.has(stringAt(column, i) ?? '') !== not) inScope[i] = 1;
  return inScope;
}

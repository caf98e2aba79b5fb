import type { StepDescriptor } from '../../streams/operator.ts';
import { covers, type Scope } from '../../streams/scope.ts';

/** Between the domain of a place and the values of the columns that scopes of the recipe look at. */
const BETWEEN = '\u0001';

/** Columns of strings that scopes of a recipe look at. */
export const scopeColumns = (steps: readonly StepDescriptor[]): string[] => [
  ...new Set(steps.flatMap(({ where }) => (where !== null && 'column' in where ? [where.column] : []))),
];

/** The place of a row of the ledger, in SQL: its domain, and its value in each of those columns. */
export const placeSql = (columns: readonly string[]): string =>
  ['domain', ...columns.map((c) => `"${c.replaceAll('"', '""')}"`)]
    .map((c) => `coalesce(${c}, '')`)
    .join(` || chr(${BETWEEN.charCodeAt(0)}) || `);

/** The domain of a place; most places are one. */
export const domainOf = (place: string): string => place.split(BETWEEN)[0];

/**
 * Whether a scope covers the rows of a place. Rows without a value were dropped before the column was written: they may
 * be in any scope, and nothing of them is known.
 */
export function coversPlace(where: Scope | null, place: string, columns: readonly string[]): boolean {
  if (where === null) return true;
  if (!('column' in where)) return covers(where, domainOf(place));
  const value = place.split(BETWEEN)[1 + columns.indexOf(where.column)] ?? '';
  return value === '' || covers(where, value);
}

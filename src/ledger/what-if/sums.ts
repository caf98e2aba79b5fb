import { ABSENT, KEPT, type LedgerColumns } from './columns.ts';
import type { Decisions } from './decisions.ts';
import type { Plan } from './plan.ts';

/** Sums over rows: documents, bytes and tokens by domain and kind. */
export const READ = 0;
export const BEFORE = 1;
export const NOW = 2;
export const LOST = 3;
export const SAVED = 4;
export const OPEN = 5;
export const PERHAPS = 6;
export const KINDS = 7;

export interface Sums {
  /** Three numbers for each domain and kind. */
  readonly amounts: Float64Array;
  /** Open documents by step. */
  readonly openBy: Float64Array;
}

/** Of the decisions as they were. */
export function sumsOf(columns: LedgerColumns, plan: Plan, before: Decisions): Sums {
  const amounts = new Float64Array(plan.domains.length * KINDS * 3);
  const openBy = new Float64Array(plan.steps.length);
  for (let i = 0; i < columns.rows; i++) {
    const d = before.dropped[i];
    if (d === ABSENT) continue;
    addRow(amounts, columns, i, READ, 1);
    if (d !== KEPT) continue;
    const open = before.open[i];
    if (open >= 0) openBy[open]++;
    else addRow(amounts, columns, i, BEFORE, 1);
    addRow(amounts, columns, i, open >= 0 ? OPEN : NOW, 1);
  }
  return { amounts, openBy };
}

/** Adds a row to a kind, or with -1 takes it away. */
export function addRow(amounts: Float64Array, columns: LedgerColumns, row: number, kind: number, times: 1 | -1): void {
  const at = 3 * (columns.domain[row] * KINDS + kind);
  const tokens = columns.tokens[row];
  amounts[at] += times;
  amounts[at + 1] += times * columns.bytes[row];
  if (!Number.isNaN(tokens)) amounts[at + 2] += times * tokens;
}

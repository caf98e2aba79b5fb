import type { LedgerColumns } from './columns.ts';
import type { Decisions } from './decisions.ts';
import type { FailBits } from './fails.ts';
import type { Plan } from './plan.ts';
import type { Sums } from './sums.ts';

/** Another threshold of a rule; null: without the rule. */
export interface Change {
  readonly step: string;
  readonly rule: string;
  readonly threshold: number | null;
  /** Of a rule of several comparisons: which one, from 0 in the order in which they are written. Default 0. */
  readonly comparison?: number;
}

/** A ledger with the decisions of its run, ready to be asked again and again. */
export interface Prepared {
  readonly columns: LedgerColumns;
  readonly plan: Plan;
  readonly fails: FailBits;
  /** At the thresholds of the recipe. */
  readonly before: Decisions;
  readonly sums: Sums;
  /** Of each step that removes copies the rows that it drops, ascending. */
  readonly droppedAt: ReadonlyMap<number, Int32Array>;
  /** Rows of which the columns say something else than the ledger, by step; exact answers need none. */
  readonly contradictions: ReadonlyMap<string, number>;
}

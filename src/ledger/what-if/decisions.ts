import type { FailBits } from './fails.ts';

/** What becomes of each row. */
export interface Decisions {
  /** Index of the step that drops it for certain, KEPT or ABSENT. */
  readonly dropped: Int16Array;
  /** Where it is not dropped for certain: the first step whose decision the ledger does not know; -1 = kept. */
  readonly open: Int16Array;
  /** Bits of the rules at the changed thresholds. */
  readonly fails: FailBits;
  /** Documents that newly come to a step which removes copies, and may take the place of kept ones. */
  readonly displacing: number;
  /** Rows of which something may be another than in the run, ascending; null: any. */
  readonly touched: Int32Array | null;
}

import { withThreshold } from '../../streams/batch/condition.ts';
import { fails as failsAlone, type Rule } from '../../streams/batch/outcome.ts';
import { ABSENT, KEPT, type LedgerColumns, NULL_INT32 } from './columns.ts';
import type { Decisions } from './decisions.ts';
import { clearBit, type FailBits, failBits, moveBetween, moveBit } from './fails.ts';
import { rowsDroppedAt, settleGlobalSteps } from './global-steps.ts';
import { deciding, decidingMask, isMovable, judgesItself, type Plan } from './plan.ts';
import type { Change, Prepared } from './prepared.ts';
import { mergedRows } from './row-list.ts';
import { sumsOf } from './sums.ts';

/** Time and memory: 4 bytes a row for each 32 rules, and one pass a rule. */
export function prepareWhatIf(columns: LedgerColumns, plan: Plan): Prepared {
  const fails = failBits(columns, plan);
  const { rows, stepOf } = columns;
  const dropped = new Int16Array(rows);
  const open = new Int16Array(rows).fill(-1);
  const decide = decider({ columns, plan, fails, recorded: fails, isOn: () => true });
  const contradictions = new Map<string, number>();
  for (let i = 0; i < rows; i++) {
    decide(i, dropped, open);
    if (dropped[i] === stepOf[i]) continue;
    // After --annotate-only nothing was dropped, whatever the rules say.
    if (stepOf[i] === KEPT && plan.undecided) continue;
    const { step } = plan.steps[stepOf[i] >= 0 ? stepOf[i] : dropped[i]];
    contradictions.set(step, (contradictions.get(step) ?? 0) + 1);
  }
  const before: Decisions = { dropped, open, fails, displacing: 0, touched: null };
  const sums = sumsOf(columns, plan, before);
  return { columns, plan, fails, before, sums, droppedAt: rowsDroppedAt(plan, before), contradictions };
}

/**
 * Decides again on every row of a ledger from its columns, with other thresholds; reads no text. Rules interact: a row
 * that one rule lets pass may fall by a later one. Pure: `prepared` stays as it is.
 */
export function redecide(prepared: Prepared, changes: readonly Change[]): Decisions {
  const { columns, plan, before } = prepared;
  const touched = changes.map((c) =>
    plan.rules.findIndex((r) => plan.steps[r.step].step === c.step && r.rule.name === c.rule),
  );
  let rows: Int32Array = new Int32Array(0);
  const fails = prepared.fails.map((words, w) => {
    if (!touched.some((bit) => bit >> 5 === w)) return words;
    const copy = words.slice();
    rows = mergedRows(rows, changeWords(prepared, copy, w, touched, changes));
    return copy;
  });
  const dropped = before.dropped.slice();
  const open = before.open.slice();
  const isOn = (bit: number): boolean => changes.every((c, k) => touched[k] !== bit || c.threshold !== null);
  const decide = decider({ columns, plan, fails, recorded: prepared.fails, isOn });
  for (let k = 0; k < rows.length; k++) decide(rows[k], dropped, open);
  let opened = false;
  for (const bit of touched) opened = openLost(prepared, bit, dropped, open) || opened;
  return settleGlobalSteps(prepared, { dropped, open, fails, displacing: 0, touched: opened ? null : rows });
}

/** Changes a word of every row to what it is with some rules at other thresholds; returns the rows that changed. */
function changeWords(
  { columns, plan, before }: Prepared,
  words: Uint32Array,
  w: number,
  touched: readonly number[],
  changes: readonly Change[],
): Int32Array {
  let rows: Int32Array = new Int32Array(0);
  for (const bit of new Set(touched)) {
    if (bit >> 5 !== w) continue;
    const own = changes.filter((_, k) => touched[k] === bit);
    const rule = own.reduce<Rule | null>(
      (r, c) => (r === null || c.threshold === null ? null : withThreshold(r, c.comparison ?? 0, c.threshold)),
      plan.rules[bit].rule,
    );
    const changed =
      rule === null
        ? clearBit(words, bit & 31)
        : (moveBetween(columns, plan, plan.rules[bit], rule.threshold, words, bit & 31) ??
          moveBit(columns, plan, { ...plan.rules[bit], rule }, words, bit & 31));
    // A rule that never drops decides nothing.
    if (deciding(plan.rules[bit].rule))
      rows = mergedRows(rows, reaching(before.dropped, changed, plan.rules[bit].step));
  }
  return rows;
}

/** Rows that came to a step, in place. An earlier step that drops the others does so still, or is changed itself. */
function reaching(dropped: Int16Array, rows: Int32Array, step: number): Int32Array {
  let n = 0;
  for (let k = 0; k < rows.length; k++) {
    const d = dropped[rows[k]];
    if (d < 0 || d >= step) rows[n++] = rows[k];
  }
  return rows.subarray(0, n);
}

interface Deciding {
  readonly columns: LedgerColumns;
  readonly plan: Plan;
  readonly fails: FailBits;
  /** At the thresholds of the run. */
  readonly recorded: FailBits;
  readonly isOn: (bit: number) => boolean;
}

/** Decides one row from its bits. */
function decider(given: Deciding): (row: number, dropped: Int16Array, open: Int16Array) => void {
  const { columns, plan, fails } = given;
  const { stepOf, domain } = columns;
  const width = plan.domains.length;
  const hard = Uint8Array.from(plan.steps, (s) => (isMovable(s) ? 0 : 1));
  const itself = plan.steps.flatMap((s, j) => (judgesItself(s) ? [j] : []));
  const stepOfBit = Int16Array.from(plan.rules, (r) => r.step);
  const decides = fails.map((_, w) => decidingMask(plan, w));
  const none = plan.steps.length;
  return (i, dropped, open) => {
    const d = stepOf[i];
    dropped[i] = d;
    open[i] = -1;
    if (d === ABSENT) return;
    let by = none;
    for (let w = 0; w < fails.length; w++) {
      const m = fails[w][i] & decides[w];
      if (m === 0) continue;
      by = stepOfBit[(w << 5) + 31 - Math.clz32(m & -m)];
      break;
    }
    if (d >= 0 && hard[d] === 1 && d < by) by = d;
    if (by !== none) {
      dropped[i] = by;
      return;
    }
    dropped[i] = KEPT;
    open[i] = plan.unknownAfter[(d + 1) * width + domain[i]];
    for (const j of itself) if (halfJudged(given, i, j)) open[i] = earlier(open[i], j);
  };
}

const earlier = (open: number, step: number): number => (open < 0 || step < open ? step : open);

/** A rule that has moved cannot be tried on rows whose value a later step has written over. False: there are none. */
function openLost({ columns, plan }: Prepared, bit: number, dropped: Int16Array, open: Int16Array): boolean {
  const { lost, step } = plan.rules[bit];
  if (!lost.includes(1)) return false;
  const width = plan.domains.length;
  for (let i = 0; i < columns.rows; i++) {
    if (columns.stepOf[i] === ABSENT || lost[(columns.stepOf[i] + 1) * width + columns.domain[i]] === 0) continue;
    if (dropped[i] === KEPT) open[i] = earlier(open[i], step);
  }
  return true;
}

/** A step that judges itself stopped at the rule that failed: the rules after it may not have been judged. */
function halfJudged({ columns, plan, recorded, isOn }: Deciding, row: number, step: number): boolean {
  const { values, stepOf } = columns;
  const first = plan.firstRule[step];
  const end = first + plan.steps[step].rules.length;
  let failed = -1;
  for (let bit = first; bit < end && failed < 0; bit++)
    if ((recorded[bit >> 5][row] & (1 << (bit & 31))) !== 0) failed = bit;
  if (failed < 0) return false;
  for (let bit = failed + 1; bit < end; bit++) {
    if (!isOn(bit)) continue;
    const { column, comparison, threshold } = plan.rules[bit].rule;
    const v = values.get(column)?.[row] ?? Number.NaN;
    if (Number.isNaN(v) || v === NULL_INT32) return true;
    // A number that stopped early: enough where it passes already, but not where it fails.
    if (stepOf[row] === step && failsAlone(v, comparison, threshold)) return true;
  }
  return false;
}

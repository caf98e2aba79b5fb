import { holds } from '../../streams/batch/condition.ts';
import type { Comparison, Condition } from '../../streams/batch/outcome.ts';
import { ABSENT, type LedgerColumns, NULL_INT32, type Values } from './columns.ts';
import { judgesItself, type Plan, type PlanRule } from './plan.ts';
import { RowList } from './row-list.ts';

/** Which rules fail each row: 32 rules a word, one array of words per 32 rules. */
export type FailBits = readonly Uint32Array[];

const LESS: readonly Comparison[] = ['<', '<=', '!='];
const EQUAL: readonly Comparison[] = ['<=', '>=', '=='];
const GREATER: readonly Comparison[] = ['>', '>=', '!='];

/** The bits of all rules at the thresholds of the plan. */
export function failBits(columns: LedgerColumns, plan: Plan): FailBits {
  const bits = Array.from({ length: Math.ceil(plan.rules.length / 32) }, () => new Uint32Array(columns.rows));
  plan.rules.forEach((r, bit) => {
    setBit(columns, plan, r, bits[bit >> 5], bit & 31);
  });
  return bits;
}

/** Sets one bit of a word of each row that a rule fails, where its values are known. */
export function setBit(columns: LedgerColumns, plan: Plan, rule: PlanRule, words: Uint32Array, bit: number): void {
  moveBit(columns, plan, rule, words, bit);
}

/**
 * Sets one bit of a word of each row by whether a rule fails it; where its values are not known it stays as it is.
 * Returns the rows of which it is another one now.
 */
export function moveBit(
  columns: LedgerColumns,
  plan: Plan,
  { step, index, rule, known }: PlanRule,
  words: Uint32Array,
  bit: number,
): Int32Array {
  const { rows, stepOf, domain, made, ruleOf } = columns;
  const width = plan.domains.length;
  const changed = new RowList();
  if (rule.when !== undefined) {
    moveBitWhen(columns, plan, { step, rule, known, when: rule.when }, words, bit, changed);
    return changed.rows;
  }
  const { threshold } = rule;
  const values: Values | undefined = columns.values.get(rule.column);
  if (values === undefined) return changed.rows;
  const itself = judgesItself(plan.steps[step]);
  const [less, equal, greater] = [LESS, EQUAL, GREATER].map((c) => (c.includes(rule.comparison) ? 1 : 0));
  const missing = rule.onNull === 'drop' && !itself ? 1 : 0;
  const mask = 1 << bit;
  const integers = values instanceof Int32Array;
  const unmade = step <= plan.creates;
  for (let i = 0; i < rows; i++) {
    const v = values[i];
    const empty = integers ? v === NULL_INT32 : Number.isNaN(v);
    const failed = empty ? missing : v < threshold ? less : v > threshold ? greater : equal;
    const word = words[i];
    // Nearly all rows of a threshold that is dragged end here.
    if (((word >>> bit) & 1) === failed) continue;
    const d = stepOf[i];
    if (d === ABSENT || known[(d + 1) * width + domain[i]] === 0) continue;
    if (made !== null && unmade && made[i] === 1) continue;
    // Of what it dropped, only the rule in the ledger was judged; the other columns stopped where that was found.
    if (itself && d === step && index !== ruleOf[i]) continue;
    words[i] = word ^ mask;
    changed.add(i);
  }
  return changed.rows;
}

/** Clears one bit of all words; returns the rows of which it was set. */
export function clearBit(words: Uint32Array, bit: number): Int32Array {
  const changed = new RowList();
  for (let i = 0; i < words.length; i++) {
    if (((words[i] >>> bit) & 1) === 0) continue;
    words[i] &= ~(1 << bit);
    changed.add(i);
  }
  return changed.rows;
}

/** The same for a rule of several comparisons. */
function moveBitWhen(
  columns: LedgerColumns,
  plan: Plan,
  { step, rule, known, when }: Pick<PlanRule, 'step' | 'rule' | 'known'> & { readonly when: Condition },
  words: Uint32Array,
  bit: number,
  changed: RowList,
): void {
  const { rows, stepOf, domain, made, values } = columns;
  const width = plan.domains.length;
  let row = 0;
  const numberOf = (name: string): number | null => {
    const v = values.get(name)?.[row] ?? Number.NaN;
    return Number.isNaN(v) || v === NULL_INT32 ? null : v;
  };
  for (; row < rows; row++) {
    const d = stepOf[row];
    if (d === ABSENT || known[(d + 1) * width + domain[row]] === 0) continue;
    if (made !== null && step <= plan.creates && made[row] === 1) continue;
    const failed = (holds(when, numberOf) ?? rule.onNull === 'drop') ? 1 : 0;
    if (((words[row] >>> bit) & 1) === failed) continue;
    words[row] ^= 1 << bit;
    changed.add(row);
  }
}

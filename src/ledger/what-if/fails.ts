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

/**
 * The same as `moveBit` for a rule whose bits stand at its own threshold: then only values between the two thresholds
 * change it, and of most rows nothing but the value is looked at. Null: not a rule of which that can be said.
 */
export function moveBetween(
  columns: LedgerColumns,
  plan: Plan,
  { step, index, rule, known }: PlanRule,
  threshold: number,
  words: Uint32Array,
  bit: number,
): Int32Array | null {
  const values = columns.values.get(rule.column);
  const between = betweenOf(rule.comparison, rule.threshold, threshold);
  if (rule.when !== undefined || values === undefined || between === null) return null;
  const { stepOf, domain, made, ruleOf } = columns;
  const width = plan.domains.length;
  const itself = judgesItself(plan.steps[step]);
  const unmade = step <= plan.creates;
  const mask = 1 << bit;
  const changed = values instanceof Int32Array ? integersBetween(values, between) : doublesBetween(values, between);
  let n = 0;
  for (let k = 0; k < changed.length; k++) {
    const i = changed[k];
    const d = stepOf[i];
    if (d === ABSENT || known[(d + 1) * width + domain[i]] === 0) continue;
    if (made !== null && unmade && made[i] === 1) continue;
    if (itself && d === step && index !== ruleOf[i]) continue;
    words[i] ^= mask;
    changed[n++] = i;
  }
  return changed.subarray(0, n);
}

/** Values between two thresholds, of which one end belongs to them. */
interface Between {
  readonly low: number;
  readonly high: number;
  readonly closed: 'low' | 'high';
}

/** Which values a comparison says something else of at another threshold. */
function betweenOf(comparison: Comparison, a: number, b: number): Between | null {
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  if (!(low <= high) || comparison === '==' || comparison === '!=') return null;
  return { low, high, closed: comparison === '<' || comparison === '>=' ? 'low' : 'high' };
}

/** One loop for each kind of array: a loop that sees both is several times as slow. */
function integersBetween(values: Int32Array, { low, high, closed }: Between): Int32Array {
  const rows = new RowList();
  const from = Math.max(closed === 'low' ? Math.ceil(low) : Math.floor(low) + 1, NULL_INT32 + 1);
  const end = closed === 'low' ? Math.ceil(high) : Math.floor(high) + 1;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (v >= from && v < end) rows.add(i);
  }
  return rows.rows;
}

function doublesBetween(values: Float64Array, { low, high, closed }: Between): Int32Array {
  const rows = new RowList();
  const isLow = closed === 'low';
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    // NaN is not between.
    if (v >= low && v <= high && (isLow ? v < high : v > low)) rows.add(i);
  }
  return rows.rows;
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

import { holds } from '../../streams/batch/condition.ts';
import type { Comparison, Condition } from '../../streams/batch/outcome.ts';
import { ABSENT, type LedgerColumns, NULL_INT32, type Values } from './columns.ts';
import { judgesItself, type Plan, type PlanRule } from './plan.ts';

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
export function setBit(
  columns: LedgerColumns,
  plan: Plan,
  { step, index, rule, known }: PlanRule,
  words: Uint32Array,
  bit: number,
): void {
  const { rows, stepOf, domain, made, ruleOf } = columns;
  const width = plan.domains.length;
  if (rule.when !== undefined) {
    setBitWhen(columns, plan, { step, rule, known, when: rule.when }, words, bit);
    return;
  }
  const { threshold } = rule;
  const values: Values | undefined = columns.values.get(rule.column);
  if (values === undefined) return;
  const itself = judgesItself(plan.steps[step]);
  const [less, equal, greater] = [LESS, EQUAL, GREATER].map((c) => (c.includes(rule.comparison) ? 1 : 0));
  const missing = rule.onNull === 'drop' && !itself ? 1 : 0;
  const mask = 1 << bit;
  const integers = values instanceof Int32Array;
  const unmade = step <= plan.creates;
  for (let i = 0; i < rows; i++) {
    const d = stepOf[i];
    if (d === ABSENT || known[(d + 1) * width + domain[i]] === 0) continue;
    if (made !== null && unmade && made[i] === 1) continue;
    const v = values[i];
    const empty = integers ? v === NULL_INT32 : Number.isNaN(v);
    let failed = empty ? missing : v < threshold ? less : v > threshold ? greater : equal;
    // Of what it dropped, only the rule in the ledger was judged; the other columns stopped where that was found.
    if (itself && d === step && index !== ruleOf[i]) failed = 0;
    if (failed === 1) words[i] |= mask;
  }
}

/** The same for a rule of several comparisons. */
function setBitWhen(
  columns: LedgerColumns,
  plan: Plan,
  { step, rule, known, when }: Pick<PlanRule, 'step' | 'rule' | 'known'> & { readonly when: Condition },
  words: Uint32Array,
  bit: number,
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
    if (holds(when, numberOf) ?? rule.onNull === 'drop') words[row] |= 1 << bit;
  }
}

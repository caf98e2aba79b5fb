import { ConfigError } from '../errors.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { isValid, type NumberColumn, numberAt } from '../streams/batch/columns.ts';
import { columnsOfRule, holds, leavesOf } from '../streams/batch/condition.ts';
import { type Condition, fails, type Rule, type Verdict } from '../streams/batch/outcome.ts';
import { rowsInScope, type Stage, type StepDescriptor } from '../streams/operator.ts';
import { withVerdict } from './verdicts.ts';

/** The decision of rules on the rows in scope; pure, so most tests need no stream. */
export function judge(batch: DocumentBatch, step: string, rules: readonly Rule[], scope: Uint8Array): Verdict {
  const n = batch.rows;
  const failedWords = (rules.length + 31) >> 5;
  const verdict = {
    step,
    rules,
    judged: new Uint8Array(n),
    rule: new Int16Array(n).fill(-1),
    value: new Float64Array(n).fill(Number.NaN),
    failed: new Uint32Array(n * failedWords),
    failedWords,
    nulls: rules.map(() => 0),
  };
  rules.forEach((r, k) => {
    const test = r.when === undefined ? comparisonTest(batch, r) : conditionTest(batch, r, r.when);
    for (let i = 0; i < n; i++) {
      if (scope[i] === 0) continue;
      const found = test(i);
      if (found === null) verdict.nulls[k]++;
      if (found === null && r.onNull === 'pass') continue;
      if (r.shadow !== true) verdict.judged[i] = 1;
      if (found === false) continue;
      verdict.failed[i * failedWords + (k >> 5)] |= 1 << (k & 31);
      if (r.shadow === true || verdict.rule[i] >= 0) continue;
      verdict.rule[i] = k;
      verdict.value[i] = found === null ? Number.NaN : found;
    }
  });
  return verdict;
}

/** Of a row: the value that fails, false where it passes, null where there is no value to judge. */
type Test = (row: number) => number | false | null;

function comparisonTest(batch: DocumentBatch, { column, comparison, threshold }: Rule): Test {
  const values: NumberColumn = batch.number(column);
  return (row) => {
    if (!isValid(values, row)) return null;
    const value = Number(values.values[row]);
    return fails(value, comparison, threshold) ? value : false;
  };
}

function conditionTest(batch: DocumentBatch, rule: Rule, when: Condition): Test {
  const columns = new Map(columnsOfRule(rule).map((name) => [name, batch.number(name)]));
  const leaves = leavesOf(rule);
  return (row) => {
    const numberOf = (name: string): number | null => numberAt(columns.get(name)!, row);
    const found = holds(when, numberOf);
    if (found !== true) return found;
    const first = leaves.find((l) => holds(l, numberOf) === true) ?? leaves[0];
    return numberOf(first.column) ?? Number.NaN;
  };
}

/** The stage behind `drop()`. */
export function stage(descriptor: StepDescriptor): Stage {
  return {
    apply(batch) {
      const stale = descriptor.reads.filter((c) => batch.stale.has(c));
      if (stale.length > 0 && descriptor.options.allowStale !== true) {
        throw new ConfigError({
          expected: 'annotations of the text as it is now',
          got: `${stale.join(', ')} from before a rewrite`,
          where: `step ${descriptor.step}`,
          fix: 'Annotate again after the rewrite, or set allowStale: true.',
        });
      }
      const verdict = judge(batch, descriptor.step, descriptor.rules, rowsInScope(batch, descriptor.where));
      return withVerdict(batch, verdict);
    },
  };
}

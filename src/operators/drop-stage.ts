import { ConfigError } from '../errors.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { isValid, type NumberColumn } from '../streams/batch/columns.ts';
import { conditionOf, leavesOf } from '../streams/batch/condition.ts';
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
  for (const [k, r] of rules.entries()) {
    const found = r.when === undefined ? compared(batch, r, scope) : tested(batch, r, r.when, scope);
    decide(verdict, k, r, found, scope);
  }
  return verdict;
}

/** What a rule found in each row of its scope: the value that fails, and what became of the row. */
interface Found {
  readonly values: Float64Array;
  /** PASSES, FAILS or NOTHING. */
  readonly states: Uint8Array;
}
const PASSES = 0;
const FAILS = 1;
/** There is no value to judge. */
const NOTHING = 2;

function decide(
  verdict: Omit<Verdict, 'nulls'> & { nulls: number[] },
  k: number,
  { onNull, shadow }: Rule,
  { values, states }: Found,
  scope: Uint8Array,
): void {
  const { failedWords } = verdict;
  for (let i = 0; i < scope.length; i++) {
    if (scope[i] === 0) continue;
    const state = states[i];
    if (state === NOTHING) verdict.nulls[k]++;
    if (state === NOTHING && onNull === 'pass') continue;
    if (shadow !== true) verdict.judged[i] = 1;
    if (state === PASSES) continue;
    verdict.failed[i * failedWords + (k >> 5)] |= 1 << (k & 31);
    if (shadow === true || verdict.rule[i] >= 0) continue;
    verdict.rule[i] = k;
    verdict.value[i] = state === NOTHING ? Number.NaN : values[i];
  }
}

function compared(batch: DocumentBatch, { column, comparison, threshold }: Rule, scope: Uint8Array): Found {
  const numbers: NumberColumn = batch.number(column);
  const values = new Float64Array(batch.rows);
  const states = new Uint8Array(batch.rows);
  for (let row = 0; row < batch.rows; row++) {
    if (scope[row] === 0) continue;
    if (!isValid(numbers, row)) states[row] = NOTHING;
    else {
      values[row] = Number(numbers.values[row]);
      states[row] = fails(values[row], comparison, threshold) ? FAILS : PASSES;
    }
  }
  return { values, states };
}

function tested(batch: DocumentBatch, rule: Rule, when: Condition, scope: Uint8Array): Found {
  const test = conditionTest(batch, rule, when);
  const values = new Float64Array(batch.rows);
  const states = new Uint8Array(batch.rows);
  for (let row = 0; row < batch.rows; row++) {
    if (scope[row] === 0) continue;
    const found = test(row);
    if (found === null) states[row] = NOTHING;
    else if (found !== false) [values[row], states[row]] = [found, FAILS];
  }
  return { values, states };
}

/** Of a row: the value that fails, false where it passes, null where there is no value to judge. */
type Test = (row: number) => number | false | null;

function conditionTest(batch: DocumentBatch, rule: Rule, when: Condition): Test {
  const numbersOf = (name: string): ((row: number) => number | null) => {
    const column = batch.number(name);
    return (row) => (isValid(column, row) ? Number(column.values[row]) : null);
  };
  const dropped = conditionOf(when, numbersOf);
  const leaves = leavesOf(rule).map((l) => ({ dropped: conditionOf(l, numbersOf), numbers: numbersOf(l.column) }));
  return (row) => {
    const found = dropped(row);
    if (found !== true) return found;
    const first = leaves.find((l) => l.dropped(row) === true) ?? leaves[0];
    return first.numbers(row) ?? Number.NaN;
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

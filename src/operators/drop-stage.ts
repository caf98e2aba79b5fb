import { ConfigError } from '../errors.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { isValid, type NumberColumn } from '../streams/batch/columns.ts';
import { fails, type Rule, type Verdict } from '../streams/batch/outcome.ts';
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
    const column: NumberColumn = batch.number(r.column);
    for (let i = 0; i < n; i++) {
      if (scope[i] === 0) continue;
      const present = isValid(column, i);
      if (!present) verdict.nulls[k]++;
      if (!present && r.onNull === 'pass') continue;
      verdict.judged[i] = 1;
      const value = present ? Number(column.values[i]) : Number.NaN;
      if (present && !fails(value, r.comparison, r.threshold)) continue;
      verdict.failed[i * failedWords + (k >> 5)] |= 1 << (k & 31);
      if (verdict.rule[i] >= 0) continue;
      verdict.rule[i] = k;
      verdict.value[i] = value;
    }
  });
  return verdict;
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

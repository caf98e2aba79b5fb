import type { DocumentBatch } from '../streams/batch/batch.ts';
import type { Verdict } from '../streams/batch/outcome.ts';
import type { BarrierDecision } from '../streams/flow/barrier.ts';
import { dropsFor, isSelection, rewritesText, type StepDescriptor } from '../streams/operator.ts';
import { withCuts } from './rewrite/apply-cuts.ts';
import { cutsOfRow } from './rewrite/cut-spans.ts';

/** The batch after a verdict: rows with a failing rule are no longer alive. */
export function withVerdict(batch: DocumentBatch, verdict: Verdict): DocumentBatch {
  const alive = batch.alive.slice();
  for (let i = 0; i < batch.rows; i++) if (verdict.rule[i] >= 0) alive[i] = 0;
  return batch.with({ alive, verdicts: [...batch.verdicts, verdict] });
}

/**
 * Applies the decision of a barrier to the rows it was made for: verdict, cuts and columns. Being unique is no
 * judgement of quality, so a dedup judges what it drops only; a selection judges every row that has a value.
 */
export function withDecision(batch: DocumentBatch, step: StepDescriptor, decision: BarrierDecision): DocumentBatch {
  const after = decided(batch, step, decision);
  if (dropsFor(step) === null && step.rules.length > 0) return after;
  const { rows } = batch;
  const { keep, similarity, duplicateOf, threshold } = decision;
  const dropped = Uint8Array.from(keep, (k) => 1 - k);
  const value = (decision.value ?? similarity).slice(0, rows);
  const rule = Int16Array.from(keep, (k, i) => (k === 1 ? -1 : (decision.rule?.[i] ?? 0)));
  const selects = isSelection(step);
  const verdict: Verdict = {
    step: step.step,
    rules: step.rules,
    judged: selects ? dropped.map((d, i) => (d === 1 || !Number.isNaN(value[i]) ? 1 : 0)) : dropped,
    rule,
    value,
    failed: Uint32Array.from(rule, (r) => (r < 0 ? 0 : 1 << r)),
    failedWords: 1,
    duplicateOf,
    similarity,
    threshold,
    nulls: decision.missing && step.rules.map(() => decision.missing!.reduce((n, m) => n + m, 0)),
  };
  return withVerdict(after, verdict);
}

function decided(batch: DocumentBatch, step: StepDescriptor, { cuts, columns }: BarrierDecision): DocumentBatch {
  const added = [...(columns ?? [])];
  if (rewritesText(step)) {
    const ofRow = Array.from({ length: batch.rows }, (_, row) => cutsOfRow(cuts ?? null, row));
    return withCuts(batch, ofRow, cuts?.rules ?? [], added);
  }
  return added.length > 0 ? batch.withColumns(added) : batch;
}

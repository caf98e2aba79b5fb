import type { BarrierDecision } from '../streams/barrier.ts';
import type { DocumentBatch } from '../streams/batch.ts';
import type { StepDescriptor } from '../streams/operator.ts';
import type { Verdict } from '../streams/outcome.ts';

/** The batch after a verdict: rows with a failing rule are no longer alive. */
export function withVerdict(batch: DocumentBatch, verdict: Verdict): DocumentBatch {
  const alive = batch.alive.slice();
  for (let i = 0; i < batch.rows; i++) if (verdict.rule[i] >= 0) alive[i] = 0;
  return batch.with({ alive, verdicts: [...batch.verdicts, verdict] });
}

/** Applies the decision of a barrier (first rule of its descriptor) to the rows it was made for. Being unique is no judgement of quality: `judged` is set for drops only. */
export function withDecision(batch: DocumentBatch, step: StepDescriptor, decision: BarrierDecision): DocumentBatch {
  const { rows } = batch;
  const dropped = Uint8Array.from(decision.keep, (k) => 1 - k);
  return withVerdict(batch, {
    step: step.step,
    rules: step.rules.slice(0, 1),
    judged: dropped,
    rule: Int16Array.from(decision.keep, (k) => (k === 1 ? -1 : 0)),
    value: decision.similarity.slice(0, rows),
    failed: Uint32Array.from(dropped),
    failedWords: 1,
    duplicateOf: decision.duplicateOf,
    similarity: decision.similarity,
  });
}

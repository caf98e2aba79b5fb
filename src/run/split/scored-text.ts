import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { originalBytes } from '../../streams/commits/counting.ts';
import type { OperatorContext } from '../../streams/operator.ts';

/** Text of one try at a split that model workers have been through, batches in work included. */
export interface ScoredText {
  readonly scoring: NonNullable<OperatorContext['scoring']>;
  /** Never sinks. */
  bytes(): number;
}

/** @param steps names of the steps on model workers: text counts as scored in so far as all of them have scored it */
export function scoredText(steps: readonly string[]): ScoredText {
  /** By step and batch, so that a batch that is scored again counts once. */
  const batches = new Map<string, { readonly bytes: number; readonly share: () => number }>();
  let shown = 0;
  return {
    scoring(step: string, batch: DocumentBatch, share: () => number) {
      const bytes = originalBytes(batch).reduce((n, b) => n + b, 0) / steps.length;
      batches.set(`${step} ${batch.sequence}`, { bytes, share });
    },
    bytes() {
      let sum = 0;
      for (const { bytes, share } of batches.values()) sum += bytes * share();
      shown = Math.max(shown, sum);
      return shown;
    },
  };
}

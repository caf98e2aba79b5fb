/** Text of one try at a split that model workers have been through, batches in work included. */
export interface ScoredText {
  /**
   * Told before a step works on a batch.
   * @param sequence number of the batch in the split
   * @param batchBytes its text as it was read
   * @param share 0 to 1, how much of the work is done, at any time
   */
  scoring(step: string, sequence: number, batchBytes: number, share: () => number): void;
  /** Never sinks. */
  bytes(): number;
}

/** @param steps names of the steps on model workers: text counts as scored in so far as all of them have scored it */
export function scoredText(steps: readonly string[]): ScoredText {
  /** By step and batch, so that a batch that is scored again counts once. */
  const batches = new Map<string, { readonly bytes: number; readonly share: () => number }>();
  let shown = 0;
  return {
    scoring(step, sequence, batchBytes, share) {
      batches.set(`${step} ${sequence}`, { bytes: batchBytes / steps.length, share });
    },
    bytes() {
      let sum = 0;
      for (const { bytes, share } of batches.values()) sum += bytes * share();
      shown = Math.max(shown, sum);
      return shown;
    },
  };
}

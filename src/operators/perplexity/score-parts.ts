import { emptyScores, type Scores } from '../../models/scorers/scorer.ts';

/**
 * Text that one task scores, so that all workers have something to do while there is more than this: seconds of work
 * for a small model.
 */
export const TASK_BYTES = 128 * 1024;

/** Rows of a batch that one task scores. */
export interface ScorePart {
  /** One byte a row of the batch: 1 = of this part. */
  readonly scope: Uint8Array;
  readonly bytes: number;
}

/**
 * Consecutive rows in parts of at least `TASK_BYTES` of wanted text: a function of the batch, so that scores do not
 * depend on the workers.
 */
export function scoreParts(scope: Uint8Array, offsets: Int32Array): ScorePart[] {
  const parts: ScorePart[] = [];
  let [bytes, from] = [0, 0];
  const close = (end: number): void => {
    const own = new Uint8Array(scope.length);
    own.set(scope.subarray(from, end), from);
    parts.push({ scope: own, bytes: Math.max(1, bytes) });
    [bytes, from] = [0, end];
  };
  const last = scope.lastIndexOf(1);
  for (let row = 0; row <= last; row++) {
    if (scope[row] === 1) bytes += offsets[row + 1] - offsets[row];
    if (bytes >= TASK_BYTES || row === last) close(row + 1);
  }
  return parts;
}

/** The scores of every row from the part it belongs to. */
export function together(parts: readonly ScorePart[], results: readonly Scores[]): Scores {
  const scores = emptyScores(parts[0].scope.length);
  const cachedNllSum = scores.nllSum.slice();
  parts.forEach(({ scope }, k) => {
    const part = results[k];
    scope.forEach((own, row) => {
      if (own === 0) return;
      scores.nllSum[row] = part.nllSum[row];
      scores.tokens[row] = part.tokens[row];
      scores.bytes[row] = part.bytes[row];
      scores.bitsPerByteMax[row] = part.bitsPerByteMax[row];
      if (part.cachedNllSum) cachedNllSum[row] = part.cachedNllSum[row];
      scores.reason[row] = part.reason[row];
    });
  });
  return { ...scores, cachedNllSum };
}

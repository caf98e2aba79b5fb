import { studentT } from './student-t.ts';

/** Mean of a few numbers, and its standard error; the error of a single one is not known: null. */
export interface Spread {
  readonly mean: number;
  readonly error: number | null;
  readonly n: number;
}

/** Mean and standard error of the mean. */
export function spreadOf(values: readonly number[]): Spread {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const squares = values.reduce((s, v) => s + (v - mean) ** 2, 0);
  return { mean, error: n > 1 ? Math.sqrt(squares / (n - 1) / n) : null, n };
}

export type Verdict = 'lower' | 'higher' | 'within the noise';

/** A difference with its 95 % interval. */
export interface Interval {
  readonly mean: number;
  /** Null where a single seed says nothing of the noise. */
  readonly low: number | null;
  readonly high: number | null;
  /** `within the noise` where the interval holds 0, or is not known. */
  readonly verdict: Verdict;
}

/**
 * The 95 % interval of a difference of two arms that were measured with the same seeds on the same documents. Two
 * things vary: the training (Student's t over the paired differences of the seeds) and what happens to be held out
 * (the normal quantile times its standard error); their half widths are added as squares.
 *
 * @param differences one for each seed
 * @param documentError standard error that the difference has from the choice of documents; 0: none is counted
 */
export function pairedInterval(differences: readonly number[], documentError = 0): Interval {
  const { mean, error, n } = spreadOf(differences);
  if (error === null) return { mean, low: null, high: null, verdict: 'within the noise' };
  return intervalOf(mean, Math.hypot(studentT(n - 1) * error, NORMAL * documentError));
}

/** The 95 % interval of a single difference from the choice of documents alone: another training may differ more. */
export const intervalOfDocuments = (mean: number, documentError: number): Interval =>
  intervalOf(mean, NORMAL * documentError);

function intervalOf(mean: number, half: number): Interval {
  const [low, high] = [mean - half, mean + half];
  return { mean, low, high, verdict: high < 0 ? 'lower' : low > 0 ? 'higher' : 'within the noise' };
}

const NORMAL = 1.959964;

/**
 * Standard error of the ratio sum(values) / sum(sizes) from the choice of the documents that it was measured on
 * (linearised ratio estimator); 0 for fewer than two.
 */
export function ratioError(values: ArrayLike<number>, sizes: ArrayLike<number>): number {
  const n = values.length;
  if (n < 2) return 0;
  let [value, size] = [0, 0];
  for (let i = 0; i < n; i++) {
    value += values[i];
    size += sizes[i];
  }
  if (size === 0) return 0;
  const ratio = value / size;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i] - ratio * sizes[i]) ** 2;
  return Math.sqrt(((n / (n - 1)) * squares) / size ** 2);
}

// What a few paired seeds can say of a difference, and what of several differences at once.
import { studentT } from '../../../src/training/statistics/student-t.ts';

export interface Spread {
  readonly mean: number;
  /** Standard error of the mean; NaN for one value. */
  readonly error: number;
}

export type Verdict = 'better' | 'worse' | 'not shown';

/** Mean and its standard error. */
export function spreadOf(values: readonly number[]): Spread {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / (n - 1);
  return { mean, error: Math.sqrt(variance / n) };
}

/** What a difference of so many seeds says by Student's t at 5 %; `sign` 1 where more is better, -1 where less is. */
export function verdictOf({ mean, error }: Spread, seeds: number, sign: 1 | -1): Verdict {
  if (!(Math.abs(mean) > studentT(seeds - 1) * error)) return 'not shown';
  return mean * sign > 0 ? 'better' : 'worse';
}

/** Chance that a difference at least as large comes of nothing, in either direction; 1 for a single seed. */
export function chanceOf({ mean, error }: Spread, seeds: number): number {
  return mean === 0 || Number.isNaN(error) ? 1 : tails(Math.abs(mean) / error, seeds - 1);
}

/**
 * Both tails of Student's distribution beyond t, for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and
 * 26.7.4).
 */
export function tails(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const odd = freedom % 2 === 1;
  let term = odd ? cos : 1;
  let sum = 0;
  for (let k = odd ? 1 : 0; k <= freedom - 2; k += 2) {
    sum += term;
    term *= (cos ** 2 * (k + 1)) / (k + 2);
  }
  return 1 - (odd ? (2 / Math.PI) * (angle + sin * sum) : sin * sum);
}

/**
 * Chances as they are when that many comparisons were made (Holm 1979): those below 0.05 are hits, and the chance that
 * there is a false one among them is at most 5 %, however the comparisons hang together.
 */
export function afterHolm(chances: readonly number[]): number[] {
  const adjusted = new Array<number>(chances.length);
  let largest = 0;
  for (const [rank, i] of chances
    .map((_, i) => i)
    .sort((a, b) => chances[a] - chances[b])
    .entries()) {
    largest = Math.max(largest, Math.min(1, (chances.length - rank) * chances[i]));
    adjusted[i] = largest;
  }
  return adjusted;
}

// Area under the ROC curve, and a bootstrap interval of it.
import { seededRandom } from '../src/random.ts';

/** Chance that a value of the first list is greater than one of the second; equal ones count half. */
export function areaUnderCurve(high: readonly number[], low: readonly number[]): number {
  const all = [...high.map((v) => [v, 1] as const), ...low.map((v) => [v, 0] as const)].sort((a, b) => a[0] - b[0]);
  let ranks = 0;
  for (let from = 0; from < all.length; ) {
    let end = from + 1;
    while (end < all.length && all[end][0] === all[from][0]) end++;
    for (let i = from; i < end; i++) ranks += all[i][1] * ((from + 1 + end) / 2);
    from = end;
  }
  return (ranks - (high.length * (high.length + 1)) / 2) / (high.length * low.length);
}

/** The same over pairs of one group only, all such pairs alike: entry i of both lists is of group i. */
export function areaWithin(high: readonly number[], low: readonly number[], groups: readonly unknown[]): number {
  let [ranks, pairs] = [0, 0];
  for (const group of new Set(groups)) {
    const own = (_: number, i: number): boolean => groups[i] === group;
    const [a, b] = [high.filter(own), low.filter(own)];
    ranks += areaUnderCurve(a, b) * a.length * b.length;
    pairs += a.length * b.length;
  }
  return ranks / pairs;
}

/** Values of noise, and of the texts that it should exceed. */
export interface Sides {
  readonly high: readonly number[];
  readonly low: readonly number[];
}

export interface Bootstrap {
  /** Entry i of both sides is drawn together. */
  readonly paired: boolean;
  readonly seed: number;
  readonly rounds: number;
}

/** The middle 95 % of areas of samples drawn with replacement. */
export const intervalOf = (sides: Sides, options: Bootstrap): { low: number; high: number } =>
  middleOf(drawnAreas([sides], options).map(([area]) => area));

/** The middle 95 % of the first area less the second one, both of the same samples of the same documents. */
export const intervalOfDifference = (a: Sides, b: Sides, options: Bootstrap): { low: number; high: number } =>
  middleOf(drawnAreas([a, b], options).map(([first, second]) => first - second));

function drawnAreas(columns: readonly Sides[], { paired, seed, rounds }: Bootstrap): number[][] {
  const { below } = seededRandom(seed, 'bootstrap');
  const draw = (n: number): number[] => Array.from({ length: n }, () => below(n));
  const { high, low } = columns[0];
  return Array.from({ length: rounds }, () => {
    const first = draw(high.length);
    const second = paired ? first : draw(low.length);
    return columns.map((c) =>
      areaUnderCurve(
        first.map((i) => c.high[i]),
        second.map((i) => c.low[i]),
      ),
    );
  });
}

function middleOf(values: readonly number[]): { low: number; high: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return { low: sorted[Math.floor(0.025 * sorted.length)], high: sorted[Math.ceil(0.975 * sorted.length) - 1] };
}

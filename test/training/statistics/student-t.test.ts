import { expect, it } from 'vitest';
import { studentT } from '../../../src/training/statistics/student-t.ts';

it('gives the quantiles of tables, also where the expansion takes over', () => {
  const table: readonly (readonly [freedom: number, quantile: number])[] = [
    [0, 12.7062],
    [1, 12.7062],
    [2, 4.3027],
    [5, 2.5706],
    [10, 2.2281],
    [11, 2.201],
    [12, 2.1788],
    [20, 2.086],
    [60, 2.0003],
    [1e9, 1.96],
  ];
  for (const [freedom, quantile] of table) expect(Math.abs(studentT(freedom) - quantile)).toBeLessThan(2e-4);
});

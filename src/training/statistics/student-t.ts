const NORMAL = 1.959964;

/** For 1 to 10 degrees of freedom. */
const QUANTILES = [12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.306, 2.26216, 2.22814];

/**
 * 97.5 % quantile of Student's distribution: so many standard errors on both sides of a mean make its 95 % range. From
 * a table up to ten degrees of freedom, then by the expansion of Cornish and Fisher; within 0.0002.
 * @param freedom whole; below 1 counts as 1
 */
export function studentT(freedom: number): number {
  if (freedom <= QUANTILES.length) return QUANTILES[Math.max(1, freedom) - 1];
  const first = (NORMAL ** 3 + NORMAL) / 4;
  const second = (5 * NORMAL ** 5 + 16 * NORMAL ** 3 + 3 * NORMAL) / 96;
  const third = (3 * NORMAL ** 7 + 19 * NORMAL ** 5 + 17 * NORMAL ** 3 - 15 * NORMAL) / 384;
  return NORMAL + first / freedom + second / freedom ** 2 + third / freedom ** 3;
}

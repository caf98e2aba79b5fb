import type { Claim } from './report.ts';

/** A claim about a difference of two arms, in one line. */
export const claim = (
  says: string,
  measure: string,
  [arm, against]: readonly [arm: string, against: string],
  expects: Claim['expects'],
  most?: number,
): Claim => ({ says, measure, arm, against, expects, most });

import { describe, expect, it } from 'vitest';
import {
  afterHolm,
  chanceOf,
  spreadOf,
  tails,
  verdictOf,
} from '../../scripts/reproduce/perplexity-pruning/paired-differences.ts';

describe('paired differences', () => {
  it('are shown only beyond what Student’s t allows so few seeds', () => {
    expect(spreadOf([1, 2, 3])).toEqual({ mean: 2, error: Math.sqrt(1 / 3) });
    expect(verdictOf({ mean: 4.3, error: 1 }, 3, 1)).toBe('not shown');
    expect(verdictOf({ mean: 4.31, error: 1 }, 3, 1)).toBe('better');
    expect(verdictOf({ mean: 4.31, error: 1 }, 3, -1)).toBe('worse');
    expect(verdictOf({ mean: -2.3, error: 1 }, 10, 1)).toBe('worse');
    expect(verdictOf({ mean: 0, error: 0 }, 3, 1)).toBe('not shown');
    expect(verdictOf(spreadOf([2]), 1, 1)).toBe('not shown');
  });

  it('have the chance of Student’s distribution', () => {
    expect(tails(1, 1)).toBeCloseTo(0.5, 12);
    expect(tails(Math.SQRT2, 2)).toBeCloseTo(1 - Math.SQRT1_2, 12);
    // Tables of Student's t: two-sided 1 %.
    for (const [freedom, t] of [
      [3, 5.8409],
      [4, 4.6041],
      [7, 3.4995],
      [10, 3.1693],
    ])
      expect(tails(t, freedom)).toBeCloseTo(0.01, 5);
    expect(chanceOf({ mean: -Math.SQRT2, error: 1 }, 3)).toBeCloseTo(1 - Math.SQRT1_2, 12);
    expect(chanceOf({ mean: 0, error: 0 }, 3)).toBe(1);
    expect(chanceOf({ mean: 1, error: 0 }, 3)).toBeCloseTo(0, 12);
    expect(chanceOf(spreadOf([2]), 1)).toBe(1);
  });

  it('count less the more of them there are (Holm)', () => {
    const adjusted = afterHolm([0.01, 0.04, 0.03, 0.005, 0.9]);
    [0.04, 0.09, 0.09, 0.025, 0.9].forEach((p, i) => {
      expect(adjusted[i]).toBeCloseTo(p, 12);
    });
    expect(afterHolm([0.6, 0.7])).toEqual([1, 1]);
  });
});

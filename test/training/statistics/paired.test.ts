import { describe, expect, it } from 'vitest';
import { pairedInterval, ratioError, spreadOf } from '../../../src/training/statistics/paired.ts';

describe('spreads and intervals of a few seeds', () => {
  it('mean and standard error, none for a single value', () => {
    const { mean, error, n } = spreadOf([1, 2, 3]);
    expect([mean, n]).toEqual([2, 3]);
    expect(error).toBeCloseTo(1 / Math.sqrt(3), 12);
    expect(spreadOf([4])).toEqual({ mean: 4, error: null, n: 1 });
  });

  it('half width is t(n - 1) standard errors: 4.30265 for three seeds', () => {
    const { mean, low, high, verdict } = pairedInterval([-1, -2, -3]);
    expect(mean).toBe(-2);
    expect(low).toBeCloseTo(-2 - 4.30265 / Math.sqrt(3), 5);
    expect(high).toBeCloseTo(-2 + 4.30265 / Math.sqrt(3), 5);
    expect(verdict).toBe('within the noise');
    expect(pairedInterval([-1, -1.1, -1.2]).verdict).toBe('lower');
    expect(pairedInterval([1, 1.1, 1.2]).verdict).toBe('higher');
  });

  it('the choice of documents widens it, as squares add', () => {
    const { low } = pairedInterval([1, 1, 1], 0.5);
    expect(low).toBeCloseTo(1 - 1.959964 * 0.5, 6);
    expect(pairedInterval([1, 1, 1], 0.6).verdict).toBe('within the noise');
  });

  it('one seed says nothing, and neither does no difference', () => {
    expect(pairedInterval([-5])).toEqual({ mean: -5, low: null, high: null, verdict: 'within the noise' });
    expect(pairedInterval([0, 0]).verdict).toBe('within the noise');
  });

  it('error of a ratio: that of a mean where all sizes are one, 0 where all have the same ratio', () => {
    expect(ratioError([1, 2, 3], [1, 1, 1])).toBeCloseTo(1 / Math.sqrt(3), 12);
    expect(ratioError([2, 4, 6], [1, 2, 3])).toBe(0);
    expect(ratioError([2], [1])).toBe(0);
    expect(ratioError([0, 0], [0, 0])).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import {
  bandsFor,
  candidateProbability,
  curveText,
  curveThreshold,
} from '../../../../src/operators/dedup/minhash/minhash-curve.ts';

describe('LSH curve', () => {
  it('is the one that FineWeb publishes for 14 bands of 8 rows', () => {
    const p = [0.7, 0.75, 0.8, 0.85].map((s) => Math.round(1000 * candidateProbability(s, 14, 8)) / 1000);
    expect(p).toEqual([0.565, 0.772, 0.924, 0.988]);
    expect(curveThreshold(14, 8)).toBeCloseTo(0.719, 3);
    expect(curveText(14, 8)).toContain('0.8: 92 %');
  });

  it('chooses bands and rows for a threshold', () => {
    for (const [threshold, permutations] of [
      [0.5, 128],
      [0.7, 112],
      [0.8, 256],
      [0.9, 128],
    ]) {
      const { bands, rows } = bandsFor(threshold, permutations);
      expect(bands * rows).toBeLessThanOrEqual(permutations);
      expect(Math.abs(curveThreshold(bands, rows) - threshold)).toBeLessThan(0.06);
    }
    expect(bandsFor(0.7, 1)).toEqual({ bands: 1, rows: 1 });
  });
});

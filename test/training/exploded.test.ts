import { describe, expect, it } from 'vitest';
import { checkWeights } from '../../src/training/exploded.ts';

const weights = (data: readonly number[]) =>
  new Map([
    ['a', { shape: [2], data: Float32Array.of(-0, 1e38) }],
    ['b', { shape: [data.length], data: Float32Array.from(data) }],
  ]);

describe('weights that are kept', () => {
  it('may be any finite numbers', () => {
    for (let length = 0; length < 10; length++) checkWeights(weights(Array(length).fill(-3.4e38)), 1);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%s is named at every place', (odd) => {
    for (let at = 0; at < 9; at++) {
      const data = Array.from({ length: 9 }, (_, i) => (i === at ? odd : i - 4));
      expect(() => checkWeights(weights(data), 12)).toThrow(`got ${odd} at element ${at} of b`);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { openAdamW } from '../../src/kernels/adamw.ts';
import { referenceAdamW } from '../../src/kernels/reference/adamw.ts';

const f = Math.fround;
const factors = {
  ...{ keep: f(0.9999), beta1: f(0.9), gradientM: f(0.037), beta2: f(0.95), squareV: f(0.0071) },
  ...{ rate: f(3e-3), correction: f(1 / (1 - 0.95 ** 3)), epsilon: f(1e-8) },
};

describe('AdamW', () => {
  it.each([1, 7, 16_384, 16_387, 40_001])('takes the step of the reference, to the bit: %i weights', async (n) => {
    const adamW = await openAdamW();
    const made = () => {
      const vector = (g: (i: number) => number) => Float32Array.from({ length: n }, (_, i) => g(i));
      const v = vector((i) => Math.cos(i) ** 2 * 1e-4);
      return {
        w: vector((i) => Math.sin(i)),
        g: vector((i) => Math.sin(i * i) / 50),
        m: vector((i) => Math.cos(i) / 90),
        v,
      };
    };
    const [ours, theirs] = [made(), made()];
    for (let step = 0; step < 2; step++) {
      adamW(ours.w, ours.g, ours.m, ours.v, factors);
      referenceAdamW(theirs.w, theirs.g, theirs.m, theirs.v, factors);
    }
    expect(ours).toEqual(theirs);
    expect(ours.w).not.toEqual(made().w);
  });
});

import { describe, expect, it } from 'vitest';
import { wilson } from '../../../src/ledger/bias/bias-data.ts';
import { biasShift, type ClassErrors } from '../../../src/ledger/bias/cev-sde.ts';

const errors = (goodDropped: number, badKept: number): ClassErrors => ({ good: 100, goodDropped, bad: 50, badKept });
const reference = [errors(10, 5), errors(20, 10)];

describe('biasShift', () => {
  it('is 0 for a filter that is worse alike everywhere', () => {
    const found = biasShift(reference, [errors(20, 10), errors(40, 20)]);
    expect(found).toMatchObject({ cev: 0, sde: 0, smoothed: false });
    expect(found.classes).toEqual([
      { falsePositives: 1, falseNegatives: 1 },
      { falsePositives: 1, falseNegatives: 1 },
    ]);
  });

  it('rises in CEV when one class shifts, and in SDE when one kind of error does', () => {
    // dP = (1, 0), dN = (1, 0): mean 1/2, so each of four squares is 1/4.
    expect(biasShift(reference, [errors(20, 10), errors(20, 10)])).toMatchObject({ cev: 0.5, sde: 0 });
    // dP = (1, 1), dN = (0, 0).
    expect(biasShift(reference, [errors(20, 5), errors(40, 10)])).toMatchObject({ cev: 0, sde: 1 });
    const notebook = biasShift(reference, [errors(20, 5), errors(40, 10)], 'notebook');
    expect(notebook.sde).toBeCloseTo(100 / Math.SQRT2, 10);
  });

  it('adds half a document where a rate is 0, and says so', () => {
    const found = biasShift([errors(0, 5)], [errors(1, 5)]);
    expect(found.smoothed).toBe(true);
    expect(found.classes[0].falsePositives).toBeCloseTo(2, 10);
  });
});

describe('wilson', () => {
  it('is the interval of statsmodels, proportion_confint(method="wilson")', () => {
    const [low, high] = wilson(10, 100);
    expect([low.toFixed(6), high.toFixed(6)]).toEqual(['0.055229', '0.174366']);
    expect(wilson(0, 10)[0]).toBe(0);
    expect(wilson(0, 0)).toEqual([0, 1]);
  });
});

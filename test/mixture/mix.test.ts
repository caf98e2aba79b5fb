import { describe, expect, it } from 'vitest';
import type { Mix, MixState } from '../../src/mixture/mix.ts';
import { applyLosses, drawStep, mixOf, startMix } from '../../src/mixture/mix.ts';
import { seededRandom } from '../../src/random.ts';
import { changing, constant, factsOf, reactive } from './toy.ts';

const domainsOf = (mix: Mix, steps: number): string => {
  let state = startMix(mix);
  let text = '';
  for (let i = 0; i < steps; i++) {
    const drawn = drawStep(mix, state);
    text += drawn.slots.map((s) => s.domain).join('');
    state = drawn.state;
  }
  return text;
};

/** Draws steps; the most that any domain was owed, or was ahead, after any slot. */
function deviation(mix: Mix, steps: number): { owed: number; ahead: number; state: MixState } {
  let state = startMix(mix);
  let [owed, ahead] = [0, 0];
  for (let i = 0; i < steps; i++) {
    state = drawStep(mix, state).state;
    for (const o of state.owed) {
      if (o > owed) owed = o;
      if (-o > ahead) ahead = -o;
    }
  }
  return { owed, ahead, state };
}

describe('slots', () => {
  it('follow constant weights', () => {
    expect(domainsOf(mixOf(constant([1, 1]), factsOf([9, 9])), 1)).toBe('01010101');
    expect(domainsOf(mixOf(constant([5, 2, 1]), factsOf([9, 9, 9])), 2)).toBe('0010201000102010');
    expect(domainsOf(mixOf(constant([3]), factsOf([9])), 1)).toBe('00000000');
  });

  it('count the draws of each domain over the whole feed', () => {
    const mix = mixOf(constant([3, 1]), factsOf([9, 9], 4));
    const first = drawStep(mix, startMix(mix));
    expect(first.slots).toEqual([
      { domain: 0, ordinal: 0 },
      { domain: 0, ordinal: 1 },
      { domain: 1, ordinal: 0 },
      { domain: 0, ordinal: 2 },
    ]);
    expect(drawStep(mix, first.state).slots.map((s) => s.ordinal)).toEqual([3, 4, 1, 5]);
    expect(first.state).toEqual({
      step: 1,
      drawn: [3, 1],
      owed: [0, 0],
      weights: [0.75, 0.25],
      lossWeights: null,
      scheduler: null,
    });
  });

  it('never come from a domain of weight 0, also when it is owed something', () => {
    const mix = mixOf(
      changing((step) => (step % 2 === 0 ? [1, 1, 1] : [1, 0, 0])),
      factsOf([9, 9, 9], 1),
    );
    expect(domainsOf(mix, 12)).toBe('001020001020');
  });
});

describe('shares', () => {
  const random = seededRandom(1, 'weights');
  const anyWeights = (n: number, spread: number): number[] =>
    Array.from({ length: n }, () => Math.exp(spread * random.normal()));

  it.each([2, 3, 4, 7, 20, 50])('of %i domains with constant weights stay within 1 - 1/(2n - 2) of them', (n) => {
    const bound = 1 - 1 / (2 * n - 2) + 1e-7;
    for (const spread of [0, 0.5, 2, 4]) {
      const mix = mixOf(constant(anyWeights(n, spread)), factsOf(Array(n).fill(10), 1));
      const { owed, ahead, state } = deviation(mix, 4000);
      expect(owed).toBeLessThanOrEqual(bound);
      expect(ahead).toBeLessThanOrEqual(bound);
      // What is owed is the integral less what was drawn, to the rounding.
      const integral = state.weights.map((w) => w * 4000);
      for (const [i, o] of state.owed.entries()) expect(Math.abs(integral[i] - state.drawn[i] - o)).toBeLessThan(1e-6);
    }
  });

  it.each([2, 4, 20])('of %i domains stay within the stated bound over 10^6 draws with random changes', (n) => {
    let weights = anyWeights(n, 2);
    const mix = mixOf(
      changing(() => {
        if (random.uniform() < 0.05) weights = anyWeights(n, random.uniform() * 4);
        return weights;
      }),
      factsOf(Array(n).fill(10), 1),
    );
    const { owed, ahead, state } = deviation(mix, 1_000_000 / 3);
    const ideal = 1 - 1 / (2 * n - 2);
    const cups = Array.from({ length: n - 1 }, (_, i) => 1 / (i + 2)).reduce((a, b) => a + b);
    expect(owed).toBeLessThanOrEqual(ideal + cups + 1e-7);
    expect(ahead).toBeLessThanOrEqual(ideal + 1e-7);
    expect(owed).toBeLessThan(1.5);
    expect(Math.abs(state.owed.reduce((a, b) => a + b))).toBeLessThan(1e-6);
  });

  it('stay close for whoever pours where nothing has been drawn, which no rule keeps within 1', () => {
    const n = 20;
    const cups = Array.from({ length: n - 1 }, (_, i) => 1 / (i + 2)).reduce((a, b) => a + b);
    let waiting: number[] = [];
    const draws: number[] = [];
    const mix = mixOf(
      changing(() => {
        waiting = waiting.filter((d) => d !== draws.at(-1));
        if (waiting.length === 0) waiting = Array.from({ length: n }, (_, i) => i);
        return Array.from({ length: n }, (_, i) => (waiting.includes(i) ? 1 : 1e-6));
      }),
      factsOf(Array(n).fill(10), 1),
    );
    let state = startMix(mix);
    let owed = 0;
    for (let i = 0; i < 2000; i++) {
      const drawn = drawStep(mix, state);
      draws.push(drawn.slots[0].domain);
      state = drawn.state;
      owed = Math.max(owed, ...state.owed);
    }
    expect(owed).toBeGreaterThan(2.4);
    expect(owed).toBeLessThanOrEqual(cups + 1e-3);
  });
});

describe('epoch caps', () => {
  it('take a domain out when it has had its epochs, and end the feed before a short step', () => {
    const mix = mixOf(constant([1, 1, 2]), factsOf([4, 3, 20], 4), { maxEpochs: { d0: 1, d1: 2 } });
    let state = startMix(mix);
    const steps: string[] = [];
    for (let i = 0; i < 7; i++) {
      const drawn = drawStep(mix, state);
      steps.push(drawn.slots.map((s) => s.domain).join(''));
      state = drawn.state;
    }
    expect(state.drawn.slice(0, 2)).toEqual([4, 6]);
    expect(steps.join('').lastIndexOf('0')).toBeLessThan(20);
    expect(steps.at(-1)).toBe('2222');
    expect(drawStep(mix, state).ended).toBe(null);

    const all = mixOf(constant([1, 1]), factsOf([3, 8], 4), { maxEpochs: 1 });
    const two = drawStep(all, drawStep(all, startMix(all)).state);
    expect(two.state.drawn).toEqual([3, 5]);
    const end = drawStep(all, two.state);
    expect(end.slots).toEqual([]);
    expect(end.state).toBe(two.state);
    expect(end.ended).toBe(
      'every domain with a weight has been drawn for all its epochs: 3 sequences are left, fewer than the 4 of a step',
    );
  });

  it('need totals, known domains and at least one epoch', () => {
    expect(() => mixOf(constant([1, 1]), factsOf([4, null]), { maxEpochs: 4 })).toThrow(
      'expected the tokens of every domain, which maxEpochs needs, got no total for d1',
    );
    expect(() => mixOf(constant([1]), factsOf([4]), { maxEpochs: { d3: 1 } })).toThrow('expected a domain: d0, got d3');
    expect(() => mixOf(constant([1]), factsOf([4]), { maxEpochs: 0.5 })).toThrow('expected at least 1, got 0.5');
  });
});

describe('what a scheduler says', () => {
  it.each([
    [[1, Number.NaN], 'scheduler constant: expected weights of 0 or more, got NaN for d1.'],
    [[-1, 1], 'scheduler constant: expected weights of 0 or more, got -1 for d0.'],
    [[1, Number.POSITIVE_INFINITY], 'scheduler constant: expected weights of 0 or more, got Infinity for d1.'],
    [[1], 'scheduler constant: expected 2 weights, one for each of d0, d1, got 1 weights.'],
    [[0, 0], 'scheduler constant: expected a weight above 0 for one domain at least, got 0 for d0, d1.'],
  ])('is checked: %j', (weights, message) => {
    expect(() => startMix(mixOf(constant(weights), factsOf([9, 9])))).toThrow(message);
  });

  it('may be as large or small as numbers get', () => {
    expect(startMix(mixOf(constant([1e308, 1e308, 0]), factsOf([1, 1, 1]))).weights).toEqual([0.5, 0.5, 0]);
    expect(startMix(mixOf(constant([5e-324, 0]), factsOf([1, 1]))).weights).toEqual([1, 0]);
  });

  it('may not give a weight to a domain that is known to be empty', () => {
    expect(() => startMix(mixOf(constant([1, 1]), factsOf([9, 0])))).toThrow(
      'expected the weight 0 for d1, which holds no whole sequence of 128 tokens, got 1.',
    );
    expect(startMix(mixOf(constant([1, 0]), factsOf([9, 0]))).weights).toEqual([1, 0]);
  });

  it('follows losses only where it reads them, and loss weights travel with the state', () => {
    const mix = mixOf(reactive, factsOf([9, 9]));
    const state = applyLosses(mix, startMix(mix), 0, [3, null]);
    expect(state.weights[0]).toBeCloseTo(1.6 / 2.6, 12);
    expect(state.lossWeights![1]).toBe(1);
    const still = mixOf(constant([1, 1]), factsOf([9, 9]));
    const start = startMix(still);
    expect(applyLosses(still, start, 0, [3, null])).toBe(start);
  });

  it('does not depend on totals that it did not ask for', () => {
    const seen: unknown[] = [];
    const start = (facts: unknown) => {
      seen.push(facts);
      return { weights: [1], state: null };
    };
    const spy = { ...constant([1]), start };
    startMix(mixOf(spy, factsOf([9])));
    startMix(mixOf(spy, factsOf([null])));
    expect(seen[0]).toEqual(seen[1]);
  });
});

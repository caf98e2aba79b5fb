import type { Facts, Json, Scheduler } from '../../src/mixture/scheduler.ts';

export const factsOf = (sequences: readonly (number | null)[], sequencesPerStep = 8): Facts => ({
  domains: sequences.map((n, i) => ({ name: `d${i}`, tokens: n === null ? null : n * 128, sequences: n })),
  contextLength: 128,
  sequencesPerStep,
  steps: null,
});

/** Weights that stay as they are. */
export const constant = (weights: readonly number[]): Scheduler => ({
  name: 'constant',
  version: 1,
  options: { weights },
  needsTotals: false,
  needsLosses: false,
  start: () => ({ weights, state: null }),
  next: () => ({ weights, state: null }),
});

/** Other weights at every step: made by a function of the step. */
export const changing = (weightsAt: (step: number) => readonly number[]): Scheduler => ({
  ...constant([]),
  name: 'changing',
  start: () => ({ weights: weightsAt(0), state: null }),
  next: (_, event) => ({ weights: weightsAt(event.step), state: null }),
});

/** The weight of a domain is a running mean of its losses, which come late; it also remembers how many it has seen. */
export const reactive: Scheduler = {
  ...constant([]),
  name: 'reactive',
  options: null,
  needsLosses: true,
  start: ({ domains }) => {
    const weights = domains.map(() => 1);
    return { weights, state: { mean: weights, seen: 0 } };
  },
  next: (state, event) => {
    const { mean, seen } = state as { readonly mean: readonly number[]; readonly seen: number };
    if (event.type === 'step') return { weights: mean, state };
    const now = mean.map((m, i) => 0.7 * m + 0.3 * (event.losses[i] ?? m));
    const after: Json = { mean: now, seen: seen + 1 };
    return { weights: now, lossWeights: now.map((m) => 1 / m), state: after };
  },
};

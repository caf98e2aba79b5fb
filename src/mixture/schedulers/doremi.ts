import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import { bounded, byDomain, inOrder, shares, softmax } from '../by-domain.ts';
import type { Decision, Facts, Scheduler } from '../scheduler.ts';

const schema = z.strictObject({
  /** Loss per token of a reference model on each domain. */
  reference: z.record(z.string(), z.number()),
  eta: z.number().positive().default(1),
  /** Part of the weights that is always dealt out equally. */
  smoothing: z.number().min(0).max(1).default(1e-4),
  /** What the weights start from; with `apply: 'loss'` also what is drawn. Equal by default. */
  prior: byDomain.optional(),
  /** Draw by the prior and weigh losses, as the authors do; or draw by the weights. */
  apply: z.enum(['loss', 'draw']).default('loss'),
});

type State = {
  readonly weights: readonly number[];
  /** Mean of the weights over all updates: what DoReMi's proxy run is for. */
  readonly average: readonly number[];
  readonly updates: number;
  readonly excess: readonly number[];
};

/**
 * DoReMi (Xie et al. 2023): per update, weight = weight * exp(eta * excess loss over the reference, at least 0), then
 * smoothed. As in the authors' code, eta is 1 and the smoothing 1e-4 (1e-3 in the paper), sequences are drawn by the
 * prior and the losses are weighed, and the result of a proxy run is the mean of the weights, in `average` of the
 * state. They clip the excess of every token at 0; here it is clipped per domain, since a trainer posts means. A domain
 * that has had no loss yet counts as excess 0. Reference losses hold for one tokenizer only, and so do the weights.
 */
export function doremi(options: z.input<typeof schema>): Scheduler<State> {
  const checked = parseOptions(schema, options, 'doremi()');
  const priorOf = (facts: Facts): number[] =>
    shares(checked.prior ? inOrder(checked.prior, facts, 'doremi() at prior') : facts.domains.map(() => 1));
  const decision = (state: State, facts: Facts): Decision<State> => {
    if (checked.apply === 'draw') return { weights: state.weights, state };
    const prior = priorOf(facts);
    return { weights: prior, lossWeights: state.weights.map((w, i) => (prior[i] > 0 ? w / prior[i] : 1)), state };
  };
  return {
    name: 'doremi',
    version: 1,
    options: JSON.parse(JSON.stringify(checked)),
    needsTotals: false,
    needsLosses: true,
    start(facts) {
      inOrder(absent(checked.reference), facts, 'doremi() at reference');
      const prior = priorOf(facts);
      return decision({ weights: prior, average: prior, updates: 1, excess: prior.map(() => 0) }, facts);
    },
    next(state, event, facts) {
      if (event.type === 'step') return decision(state, facts);
      const losses = bounded(event.losses);
      const excess = facts.domains.map(({ name }, i) => {
        const loss = losses[i];
        return loss === null ? state.excess[i] : Math.max(0, loss - checked.reference[name]);
      });
      const moved = softmax(
        excess.map((e) => checked.eta * e),
        state.weights,
      );
      // A domain whose prior is 0 stays out.
      const open = priorOf(facts).map((p) => (p > 0 ? 1 : 0));
      const each = checked.smoothing / open.reduce((a: number, b) => a + b, 0);
      const weights = moved.map((w, i) => (1 - checked.smoothing) * w + each * open[i]);
      const updates = state.updates + 1;
      const average = state.average.map((a, i) => (a * (updates - 1) + weights[i]) / updates);
      return decision({ weights, average, updates, excess }, facts);
    },
  };
}

/** The same names without their values, which may be negative here. */
const absent = (values: { readonly [domain: string]: number }) =>
  Object.fromEntries(Object.keys(values).map((name) => [name, 0]));

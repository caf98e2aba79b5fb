import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import { bounded, byDomain, inOrder, shares, softmax } from '../by-domain.ts';
import type { Facts, Scheduler } from '../scheduler.ts';

const schema = z.strictObject({
  /** `mean`: smoothed exp(loss) of each domain. `exp3`: the sum of loss / probability. */
  reward: z.enum(['mean', 'exp3']).default('mean'),
  /** Of `mean`: how much of the old value stays. */
  smoothing: z.number().min(0).lt(1).default(0.9),
  /** Steps before it moves. */
  warmup: z.int().min(0).default(2000),
  /** Where it starts; equal by default. */
  prior: byDomain.optional(),
});

type State = {
  readonly probabilities: readonly number[];
  readonly rewards: readonly number[];
  readonly exploration: number;
};

/** A loss above this counts as this, so that its exponential stays a number. */
const LARGEST = 700;

/**
 * Online data mixing by a bandit (Albalak et al. 2023, "Efficient online data mixing for language model pre-training"),
 * as the authors' code does it, which is not everywhere what the paper says: `mean`, the class that their README names,
 * keeps 0.9 of exp(loss) and takes probabilities in proportion to it; `exp3` sums loss / 10 / probability and takes
 * them by exponential weights. Both explore with min(1/K, sqrt(ln K / (K t))) for each of K domains, t being the step.
 * The reward is the loss itself, so a domain of high entropy is drawn more for good. Warm-up 2,000 steps, as in their
 * scripts.
 */
export function bandit(options: z.input<typeof schema> = {}): Scheduler<State> {
  const checked = parseOptions(schema, options, 'bandit()');
  const priorOf = (facts: Facts): number[] =>
    shares(checked.prior ? inOrder(checked.prior, facts, 'bandit() at prior') : facts.domains.map(() => 1));
  return {
    name: 'bandit',
    version: 1,
    options: JSON.parse(JSON.stringify(checked)),
    needsTotals: false,
    needsLosses: true,
    start(facts) {
      const probabilities = priorOf(facts);
      const rewards = probabilities.map(() => 0);
      const exploration = 1 / probabilities.filter((p) => p > 0).length;
      return { weights: probabilities, state: { probabilities, rewards, exploration } };
    },
    next(state, event, facts) {
      const nothing = event.type === 'step' || event.step <= checked.warmup;
      if (nothing || event.losses.every((loss) => loss === null)) return { weights: state.probabilities, state };
      // A domain whose prior is 0 stays out.
      const open = priorOf(facts).map((p) => (p > 0 ? 1 : 0));
      const domains = open.reduce((a: number, b) => a + b, 0);
      const losses = bounded(event.losses);
      const exploration = Math.min(1 / domains, Math.sqrt(Math.log(domains) / (domains * Math.max(1, event.step))));
      const rewards = state.rewards.map((reward, i) => {
        const loss = losses[i];
        if (loss === null || open[i] === 0) return reward;
        if (checked.reward === 'exp3') return reward + loss / 10 / state.probabilities[i];
        return checked.smoothing * reward + (1 - checked.smoothing) * Math.exp(Math.min(loss, LARGEST));
      });
      const share =
        checked.reward === 'exp3'
          ? softmax(
              rewards.map((r) => r * state.exploration),
              open,
            )
          : shares(rewards.some((r) => r > 0) ? rewards : open);
      const probabilities = shares(share.map((s, i) => (1 - domains * exploration) * s + exploration * open[i]));
      return { weights: probabilities, state: { probabilities, rewards, exploration } };
    },
  };
}

import { ConfigError } from '../errors.ts';
import type { Facts } from './scheduler.ts';

/**
 * Weights as a scheduler gave them, divided by their sum. Errors: ConfigError, naming the scheduler and the domain, for
 * a weight that is not a number of at least 0, for too many or too few of them, for none above 0, and for a domain that
 * has a weight and is known to hold no sequence.
 */
export function checkedWeights(scheduler: string, facts: Facts, weights: readonly number[]): number[] {
  const where = `scheduler ${scheduler}`;
  const { domains } = facts;
  if (weights.length !== domains.length)
    throw new ConfigError({
      expected: `${domains.length} weights, one for each of ${domains.map((d) => d.name).join(', ')}`,
      got: `${weights.length} weights`,
      where,
    });
  let sum = 0;
  for (const [i, weight] of weights.entries()) {
    if (!Number.isFinite(weight) || weight < 0)
      throw new ConfigError({ expected: 'weights of 0 or more', got: `${weight} for ${domains[i].name}`, where });
    if (weight > 0 && domains[i].sequences === 0)
      throw new ConfigError({
        problem: `the domain ${domains[i].name} has a weight but holds no whole sequence`,
        expected: `the weight 0 for ${domains[i].name}, which holds no whole sequence of ${facts.contextLength} tokens`,
        got: `${weight}`,
        where,
        fix: 'Leave the domain out, or give it the weight 0.',
      });
    sum += weight;
  }
  if (!(sum > 0))
    throw new ConfigError({
      problem: 'every domain has the weight 0',
      expected: 'a weight above 0 for one domain at least',
      got: `0 for ${domains.map((d) => d.name).join(', ') || 'no domain'}`,
      where,
    });
  // Of huge weights the sum overflows: they are scaled first.
  if (!Number.isFinite(sum)) {
    const largest = Math.max(...weights);
    return checkedWeights(
      scheduler,
      facts,
      weights.map((w) => w / largest),
    );
  }
  return weights.map((w) => w / sum);
}

/** Factors on losses, checked as weights are, but as they are given; `null` where there are none. */
export function checkedLossWeights(
  scheduler: string,
  facts: Facts,
  lossWeights: readonly number[] | undefined,
): readonly number[] | null {
  if (lossWeights === undefined) return null;
  const wrong = lossWeights.findIndex((w) => !Number.isFinite(w) || w < 0);
  if (lossWeights.length === facts.domains.length && wrong < 0) return lossWeights;
  throw new ConfigError({
    expected: `${facts.domains.length} loss weights of 0 or more`,
    got: wrong < 0 ? `${lossWeights.length} loss weights` : `${lossWeights[wrong]} for ${facts.domains[wrong]?.name}`,
    where: `scheduler ${scheduler}`,
  });
}

import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import { plannedSteps, sizesOf } from '../by-domain.ts';
import { inSegments } from '../segments.ts';

const schema = z.strictObject({ maxEpochs: z.number().positive().default(4) });

/** Shares that are as equal as they get when no domain has more than so many epochs of the budget (in sequences). */
export function unimaxShares(sizes: readonly number[], budget: number, maxEpochs: number): number[] {
  const given = sizes.map(() => 0);
  let [left, domains] = [budget, sizes.length];
  for (const i of sizes.map((_, at) => at).sort((a, b) => sizes[a] - sizes[b] || a - b)) {
    given[i] = Math.min(left / domains--, sizes[i] * maxEpochs);
    left -= given[i];
  }
  return given;
}

/**
 * UniMax (Chung et al. 2023, "UniMax: fairer and more effective language sampling"): the budget of the run is dealt out
 * in equal parts, smallest domain first; one that would be drawn for more than `maxEpochs` epochs gets those, and the
 * rest is dealt to the others. The paper varies that limit; 4 is what causal models bear well. A budget above the
 * epochs of all domains is shared by size. Needs the planned steps.
 */
export function unimax(options: z.input<typeof schema> = {}) {
  const checked = parseOptions(schema, options, 'unimax()');
  return inSegments({
    name: 'unimax',
    version: 1,
    options: checked,
    needsTotals: true,
    segments: (facts) => {
      const budget = Math.max(1, plannedSteps(facts, 'unimax()')) * facts.sequencesPerStep;
      return [{ from: 0, weights: unimaxShares(sizesOf(facts), budget, checked.maxEpochs) }];
    },
  });
}

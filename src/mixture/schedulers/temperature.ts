import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import { shares, sizesOf } from '../by-domain.ts';
import type { Facts } from '../scheduler.ts';
import { inSegments } from '../segments.ts';

const schema = z.strictObject({ temperature: z.number().positive().default(5) });

/** Sizes to the power of 1 / temperature, divided by their sum; an empty domain stays at 0. */
export function temperedShares(facts: Facts, temperature: number): number[] {
  const logs = sizesOf(facts).map((size) => Math.log(size) / temperature);
  const most = Math.max(...logs);
  return shares(logs.map((l) => (l === Number.NEGATIVE_INFINITY ? 0 : Math.exp(l - most))));
}

/**
 * Shares by size to the power of 1 / temperature: 1 is proportional, higher is nearer to equal shares. The default 5 is
 * the upsampling that "Upsample or Upweight? Balanced Training on Heavily Imbalanced Datasets" (Li et al. 2024) trains
 * with and cools down from. Sizes are sequences.
 */
export function temperature(options: z.input<typeof schema> = {}) {
  const checked = parseOptions(schema, options, 'temperature()');
  return inSegments({
    name: 'temperature',
    version: 1,
    options: checked,
    needsTotals: true,
    segments: (facts) => [{ from: 0, weights: temperedShares(facts, checked.temperature) }],
  });
}

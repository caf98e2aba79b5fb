import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import { plannedSteps } from '../by-domain.ts';
import { inSegments } from '../segments.ts';
import { temperedShares } from './temperature.ts';

const schema = z.strictObject({
  temperature: z.number().positive().default(5),
  after: z.number().positive().default(1),
  /** Fraction of the planned steps. */
  switchAt: z.number().min(0).max(1).default(0.5),
});

/**
 * Cooldown of "Upsample or Upweight? Balanced Training on Heavily Imbalanced Datasets" (Li et al. 2024): temperature 5
 * for the first half of the steps, 1 after it, in one switch (schedules of many small decreases did worse there).
 * Needs the planned steps.
 */
export function cooldown(options: z.input<typeof schema> = {}) {
  const checked = parseOptions(schema, options, 'cooldown()');
  return inSegments({
    name: 'cooldown',
    version: 1,
    options: checked,
    needsTotals: true,
    segments: (facts) => {
      const from = Math.round(plannedSteps(facts, 'cooldown()') * checked.switchAt);
      const after = { from, weights: temperedShares(facts, checked.after) };
      return from === 0 ? [after] : [{ from: 0, weights: temperedShares(facts, checked.temperature) }, after];
    },
  });
}

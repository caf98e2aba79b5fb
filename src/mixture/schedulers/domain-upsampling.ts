import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import { byDomain } from '../by-domain.ts';
import { phases } from './phases.ts';

const schema = z.strictObject({
  /** Weights up to the window. */
  base: byDomain,
  /** Weights inside of it, at the end of the run. */
  window: byDomain,
  /** Length of the window: a fraction of the planned steps. */
  fraction: z.number().positive().lt(1).default(0.1),
  /** Domains that are taken out of the window, to see what they are worth. */
  without: z.array(z.string()).default([]),
});

/**
 * Domain upsampling at the end of training ("Does your data spark joy?", Blakeney et al. 2024): the base mix, then
 * another mix for the last 10 % of the steps (5 to 30 % were tried there; general tasks peaked at 10, mathematics and
 * code grew further). `without` is their removal probe: the same run with a domain left out of the window; the others
 * keep their proportions. Needs the planned steps.
 */
export function domainUpsampling(options: z.input<typeof schema>) {
  const { base, window, fraction, without } = parseOptions(schema, options, 'domainUpsampling()');
  const kept = { ...window, ...Object.fromEntries(without.map((name) => [name, 0])) };
  return {
    ...phases({
      phases: [
        { from: 0, weights: base },
        { from: 1 - fraction, weights: kept },
      ],
    }),
    name: 'domain-upsampling',
    options: { base, window, fraction, without },
  };
}

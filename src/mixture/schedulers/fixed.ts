import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import { byDomain, inOrder } from '../by-domain.ts';
import { inSegments } from '../segments.ts';

const schema = z.strictObject({ weights: byDomain });

/** Weights that stay as they are: `{ weights: { web: 3, code: 1 } }`, one for each domain; they need not sum to 1. */
export function fixed(options: z.input<typeof schema>) {
  const checked = parseOptions(schema, options, 'fixed()');
  return inSegments({
    name: 'fixed',
    version: 1,
    options: checked,
    needsTotals: false,
    segments: (facts) => [{ from: 0, weights: inOrder(checked.weights, facts, 'fixed()') }],
  });
}

import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import { sizesOf } from '../by-domain.ts';
import { inSegments } from '../segments.ts';

const schema = z.strictObject({});

/** As many sequences of each domain as it has: all domains begin their next epoch together. */
export function proportional(options: z.input<typeof schema> = {}) {
  return inSegments({
    name: 'proportional',
    version: 1,
    options: parseOptions(schema, options, 'proportional()'),
    needsTotals: true,
    segments: (facts) => [{ from: 0, weights: sizesOf(facts) }],
  });
}

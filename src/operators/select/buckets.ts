import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import { operator, type StepOptions } from '../operator.ts';

export const bucketOptions = z.strictObject({
  /** A number column that an earlier step writes. */
  column: z.string().min(1).default('ppl'),
  within: z.enum(['all', 'domain'], 'all or domain').default('domain'),
  /** Percentiles, as shares, below which a document is in the first bucket, in the second. */
  head: z.number().gt(0, 'a share above 0').lt(1, 'a share below 1').default(0.3),
  middle: z.number().gt(0, 'a share above 0').lt(1, 'a share below 1').default(0.6),
  /** Name of the column written. Default: `<column>_bucket`. */
  as: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, 'a name of a-z, 0-9 and _')
    .nullable()
    .default(null),
});
export type BucketOptions = z.input<typeof bucketOptions> & StepOptions;

/**
 * Sorts documents into `head`, `middle` and `tail` by the percentiles of a number column, perplexity unless told
 * otherwise, in each domain; drops nothing. As cc_net (Wenzek et al. 2020), whose cut-offs are the 30th and 60th
 * percentile of a language: below the first is head, below the second middle, all else tail; here they are those of the
 * documents of the run. The percentile p of n values is the value that has floor(p * n) before it.
 *
 * Writes ppl_bucket utf8; null where there is no value. A barrier.
 */
export const buckets = operator({
  call: 'select.buckets()',
  name: ({ column }) => `${column}_buckets`,
  stage: 'select/buckets',
  options: bucketOptions,
  versions: ({ column }) => [`${column}_buckets@1`],
  effects: { annotates: true, barrier: true },
  describe({ column, head, middle, as }) {
    if (head >= middle)
      throw new ConfigError({
        expected: 'head: a share less than middle, the percentile below which a document is in one of both',
        got: `head ${head}, middle ${middle}`,
        where: 'select.buckets()',
      });
    return { reads: [column], writes: [{ name: as ?? `${column}_bucket`, type: 'utf8' }] };
  },
});

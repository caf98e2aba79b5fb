import * as z from 'zod';
import { operator } from '../operator.ts';
import { copyRule, withIndexes } from './earlier-indexes.ts';
import { TEXT_HASHES } from './tables/index-hashes.ts';

export const exactOptions = z.strictObject({
  /**
   * Number column that decides who survives: the highest; equal or absent: first in input order. Default: input order.
   */
  priority: z.string().nullable().default(null),
  /** Leaves the hashes of all texts in the run directory, `indexes/<step>.hashes`. */
  saveIndex: z.boolean().default(false),
  /** Run directories or index files of earlier runs: what stands there has been seen, whatever its priority. */
  against: z.array(z.string().min(1)).default([]),
});

/**
 * Exact deduplication of whole texts, as a barrier: 128-bit content hash, and the bytes compared on every hash hit, so
 * that no collision ever drops a document. The first in input order survives, or the one with the highest `priority`.
 * `saveIndex` and `against` make a chain of runs keep what one run would; of an earlier run only hashes are left, so
 * they decide alone there. Drops: rule `exact_duplicate`, with the survivor's position in `duplicate_of`. Memory: 4
 * bytes a document, 12 for each that stands for others, and partitions that fit the budget; disk: the text once under
 * `work/`.
 */
export const exact = operator({
  call: 'dedup.exact()',
  name: 'exact_dedup',
  stage: 'dedup/exact',
  options: exactOptions,
  versions: ['exact_duplicate@1'],
  effects: { drops: 'copies', barrier: true },
  describe: (options, step) => ({
    options: withIndexes(options, TEXT_HASHES, step),
    reads: options.priority ? [options.priority] : [],
    rules: [copyRule('exact_duplicate')],
  }),
});

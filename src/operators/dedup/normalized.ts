import * as z from 'zod';
import { operator } from '../operator.ts';
import { normalizedRule } from './minhash/near-rules.ts';
import { columnsOf } from './priority.ts';

export const normalizedOptions = z.strictObject({
  /**
   * Column that decides who survives, a number or an ISO date, also `metadata.<field>`; null: the first in input order.
   */
  priority: z.string().nullable().default(null),
  prefer: z.enum(['highest', 'lowest']).default('highest'),
});

/**
 * Exact deduplication of normalised texts, as a barrier: texts with the same letters and numbers in the same order are
 * copies, whatever their case, accents, punctuation and white space. By a 128-bit hash. Texts without a letter or
 * number are left alone. Drops: rule `exact_normalized_duplicate`, similarity 1, with the survivor in `duplicate_of`.
 * Memory: about 16 bytes a document.
 */
export const normalized = operator({
  call: 'dedup.normalized()',
  name: 'normalized_dedup',
  stage: 'dedup/normalized',
  options: normalizedOptions,
  versions: ['exact_normalized_duplicate@1'],
  effects: { drops: 'copies', barrier: true },
  describe: ({ priority, prefer }) => ({ reads: columnsOf({ column: priority, prefer }), rules: [normalizedRule] }),
});

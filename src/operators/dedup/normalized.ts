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
  /** Domains whose texts are code: there only white space at line ends and blank lines may differ. */
  code: z.array(z.string().min(1)).default(['code']),
});

/**
 * Exact deduplication of normalised texts, as a barrier: texts that a reader would call the same are copies. Case,
 * width, ligatures and presentation forms, white space and punctuation between words may differ; vowel signs, accents,
 * voicing and tone marks, operators, decimal points and signs may not (docs/deduplication.md says what is folded, by
 * script). Texts of the domains in `code` are folded as code. By a 128-bit hash. Texts without a letter or number are
 * left alone. Drops: rule `exact_normalized_duplicate`, similarity 1, with the survivor in `duplicate_of`.
 * Memory: about 16 bytes a document.
 */
export const normalized = operator({
  call: 'dedup.normalized()',
  name: 'normalized_dedup',
  stage: 'dedup/normalized',
  options: normalizedOptions,
  versions: ['exact_normalized_duplicate@2'],
  effects: { drops: 'copies', barrier: true },
  describe: ({ priority, prefer }) => ({ reads: columnsOf({ column: priority, prefer }), rules: [normalizedRule] }),
});

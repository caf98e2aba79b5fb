import * as z from 'zod';

/** Options of all steps that compare pieces of texts. */
export const pieceOptions = z.strictObject({
  /**
   * What may differ between copies. `trimmed`: ASCII white space at both ends. `letters`: case, width,
   * white space and punctuation between words, as in `dedup.normalized()`; a piece without a letter or number is then
   * left alone.
   */
  normalize: z.enum(['trimmed', 'letters']).default('trimmed'),
  /**
   * Pieces of fewer bytes, white space at the ends not counted, are left alone: `***`, `}` and `Share` repeat
   * everywhere.
   */
  minBytes: z.int().min(1).default(30),
  /** Fewer words left in a document that lost something, and it is dropped. */
  minWordsLeft: z.int().min(0).default(0),
});

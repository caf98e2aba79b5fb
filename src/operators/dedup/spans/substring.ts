import * as z from 'zod';
import { operator } from '../../operator.ts';
import { spanRules } from './span-rules.ts';

export const substringOptions = z.strictObject({
  /**
   * Shortest stretch, in words (anything between white space). 50 tokens: Lee et al. 2022, section 4.1, who count those
   * of a BPE.
   */
  minWords: z.int().min(8).max(65_536).default(50),
  /**
   * Shortest stretch in bytes instead, for scripts without spaces: `minWords` is then not looked at. 100: the tool of
   * Lee et al.
   */
  minBytes: z.int().min(32).max(65_536).nullable().default(null),
  /** Stretches in bytes are cut to whole words; false: to whole code points. Stretches in words are whole words. */
  wholeWords: z.boolean().default(true),
  /** Fewer words left in a document that lost something, and it is dropped. */
  minWordsLeft: z.int().min(0).default(0),
});

/**
 * Exact substring deduplication, as a barrier (Lee et al. 2022, "Deduplicating Training Data Makes Language Models
 * Better", ExactSubstr): every stretch of at least `minWords` words that stands earlier in the corpus, in the same or
 * an earlier document, is cut; the first one in input order stays. What lies between words does not matter, so a text
 * wrapped in another way is the same; nothing else is normalised. A phrase said over and over is left once.
 *
 * Found by anchors (robust winnowing, Schleimer et al. 2003): the least hash of `minWords / 4` words among those of a
 * window; no window is without one, so nothing is missed. Nothing is cut by a hash: every copy was compared with the
 * earlier text on its bytes, so a collision, forged or not, costs time and no text. Cuts: `duplicate_substring`. Drops:
 * `substring_nothing_left`, `substring_min_words_left`. Documents shorter than a window are never touched. Memory:
 * partitions and tables take the memory given. Disk: the text once, 32 bytes an anchor (about every 20 words: a quarter
 * of the text, with `minBytes: 100` four fifths), 36 more while deciding where those in company do not fit the memory,
 * and 24 a copy.
 */
export const substring = operator({
  call: 'dedup.substring()',
  name: 'substring_dedup',
  stage: 'dedup/substring',
  options: substringOptions,
  versions: ['duplicate_substring@1'],
  effects: { rewrites: true, drops: 'copies', barrier: true },
  describe: ({ minWordsLeft }) => ({ rules: spanRules('substring', minWordsLeft) }),
});

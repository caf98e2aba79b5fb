import * as z from 'zod';
import { annotator } from '../annotator.ts';
import { fineweb2StopWords } from '../rules/fineweb-2.ts';

export const stopWordsOptions = z.strictObject({
  /** Stop words of each language, by the values of `column`. Default: those of FineWeb-2. */
  lists: z.record(z.string().min(1), z.array(z.string().min(1)).min(1)).optional(),
  /** Column that names the language of a document. */
  column: z.string().min(1).default('language'),
  /** Different ones after which nobody counts on. */
  enough: z.int().min(1).max(1000).default(2),
  /** Languages without spaces between words: a stop word is found anywhere in the text. */
  unspaced: z.array(z.string()).default(['ja', 'th', 'zh']),
});
export type StopWordsOptions = z.input<typeof stopWordsOptions>;

/**
 * How many different stop words of its own language a document has, case minded, up to `enough`: a text without any is
 * a list, a table or another language. Words as the split `punctuated` of `gopherQuality()` has them.
 *
 * Reads `column`; writes stop_words int32: null for a language without a list. The lists of FineWeb-2 are the commonest
 * words of Wikipedia in each language.
 */
export const stopWords = annotator({
  call: 'stopWords()',
  name: 'stop_words',
  version: 1,
  stage: 'annotators/stop-words',
  options: stopWordsOptions,
  describe: (o) => ({
    options: { ...o, lists: o.lists ?? fineweb2StopWords() },
    reads: ['text', o.column],
    writes: [{ name: 'stop_words', type: 'int32' }],
  }),
});

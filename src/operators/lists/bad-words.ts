import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import { operator } from '../operator.ts';
import { thresholdRule } from '../rewrite/threshold-rule.ts';
import { checkLists, listsHash } from './read-list.ts';

export const badWordsOptions = z.strictObject({
  /** Language of the list that is taken where no lists are named: the asset bad-words-<language>. */
  language: z.string().min(2).default('en'),
  /** Lists of words and phrases, one a line: files, or `asset:NAME`. Default: that of the language. */
  lists: z.array(z.string().min(1)).nullable().default(null),
  /** Words must stand between characters that are no letters, numbers or `_`. Default: but for ja, th and zh. */
  wholeWords: z.boolean().nullable().default(null),
  /** A document with more is dropped. */
  maxCount: z.int().min(0).default(0),
});
export type BadWordsOptions = z.input<typeof badWordsOptions>;

/** Languages whose words have no spaces between them. */
const RUN_TOGETHER = new Set(['ja', 'th', 'zh']);

/**
 * Drops documents with words of a list, after the last rule of C4 (Raffel et al. 2020, section 2.2). The lists are
 * assets: `sluice assets fetch bad-words-en`; 27 languages of the list that C4 used, at the commits that datatrove has.
 * Case is not minded (simple folding). Use `where: { column: 'language', is: ['de'] }` for a list of a language.
 *
 * Writes bad_words int32 (places that do not overlap), bad_words_per_kb float64. Drops: bad_words. Errors: ConfigError,
 * with the command that brings it, for an asset that is not there; for no lists, and for a list without words.
 */
export const badWords = operator({
  call: 'badWords()',
  name: 'bad_words',
  stage: 'bad-words',
  options: badWordsOptions,
  versions: ['bad_words@1'],
  effects: { annotates: true, drops: 'thresholds' },
  describe: (o) => {
    const lists = o.lists ?? [`asset:bad-words-${o.language}`];
    if (lists.length === 0)
      throw new ConfigError({
        expected: 'a list of words',
        got: 'no lists',
        where: 'badWords(), lists',
        fix: "Name a file, or leave lists out for that of a language: badWords({ language: 'de' }).",
      });
    checkLists(lists, (line) => line !== '');
    const wholeWords = o.wholeWords ?? !RUN_TOGETHER.has(o.language);
    return {
      options: { ...o, lists, wholeWords, hash: listsHash(lists) },
      places: ['lists'],
      reads: ['text'],
      writes: [
        { name: 'bad_words', type: 'int32' },
        { name: 'bad_words_per_kb', type: 'float64' },
      ],
      rules: [thresholdRule('bad_words', 'bad_words', '>', o.maxCount, 'max_count')],
    };
  },
});

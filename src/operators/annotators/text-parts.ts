import * as z from 'zod';
import { PARTS } from '../../kernels/parts.ts';
import { annotator } from '../annotator.ts';

const ratio = z.number().min(0).max(1);

export const textPartsOptions = z.strictObject({
  /** Code and tables from this share of the characters on make a text one of them, whichever is more. */
  mostly: ratio.default(0.5),
  /** A text with more than this share of its letters in another script than Latin is of another language. */
  otherScript: ratio.default(0.3),
  /** So is one with at least this share of words of other languages, if it has more of them than of English. */
  foreign: ratio.default(0.06),
  /** And if there are at least so many. */
  foreignWords: z.int().min(1).default(4),
  /** But not one with more than this share of the words of filler text. */
  filler: ratio.default(0.05),
  /** Domains whose documents are code, whatever they look like. */
  code: z.array(z.string()).default(['code']),
  /** Domains whose documents are tables. */
  table: z.array(z.string()).default(['table']),
});
export type TextPartsOptions = z.input<typeof textPartsOptions>;

/**
 * What a text is made of, told line by line from its bytes: prose, short lines (headings, menus, captions), list items,
 * code, tables. Our own; English is told from other languages by common words and by script, so a short or unusual text
 * may be told wrongly (found: 94 % of documents in 57 languages; taken for one: 0.8 % of English ones).
 *
 * Writes
 * - parts_kind utf8: `code`, `table`, `other_language` or `prose`; for `where: { column: 'parts_kind', is: ['prose'] }`
 * - parts_prose_ratio, parts_short_ratio, parts_list_ratio, parts_code_ratio, parts_table_ratio float64: share of the
 *   code points of lines that are not blank, trimmed; the rest are rules, underlines and front matter
 * - parts_menu_line_ratio float64: share of lines that stand in a row of ten short lines and list items or more
 * - parts_words int32: words of prose, short lines and list items; what follows is of these lines
 * - parts_english_ratio, parts_foreign_ratio float64, parts_foreign_words int32: common words of English, and of other
 *   languages with Latin letters, per word; parts_other_script_ratio float64: letters beyond Latin, per letter
 * - parts_odd_word_ratio float64: words with a digit, `^`, `~` or `|` between two lower-case letters, per word: what a
 *   bad scan leaves. Not those with `/`, `_`, `#`, `@`, `=` or more than a digit for two letters (addresses, names of
 *   programs, hashes). The first is not counted, nor is that of the next
 * - parts_impossible_pair_ratio float64: pairs that no English sentence has ("the of", "a is"), per word: word salad
 * - parts_run_on_ratio float64: 20 lower-case letters or more without a break, per word: lost spaces
 * - parts_filler_ratio float64: words of "lorem ipsum", per word
 * - parts_mojibake_count int32: letters of UTF-8 that was read as Windows-1252 ("donâ€™t", "cafÃ©")
 *
 * Ratios are null where there is nothing to divide by.
 */
export const textParts = annotator({
  call: 'textParts()',
  name: 'parts',
  version: 3,
  stage: 'annotators/text-parts',
  options: textPartsOptions,
  describe: () => ({
    reads: ['text', 'domain'],
    writes: [{ name: 'parts_kind', type: 'utf8' }, ...PARTS.map(({ name, type }) => ({ name, type }))],
  }),
});

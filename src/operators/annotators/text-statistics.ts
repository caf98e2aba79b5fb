import * as z from 'zod';
import { annotator } from '../annotator.ts';
import { ofName } from './of.ts';
import { statisticsDescription } from './profiles.ts';

export const textStatisticsOptions = z.strictObject({
  /** `prose`: of the prose alone (see `textParts()`); columns then have `prose_` in front. */
  of: ofName.default('text'),
});

/**
 * General statistics of a text, for rules on prose, code and tables and for rules of one's own. Lengths in code points,
 * ratios per code point unless told otherwise, null where there is nothing to divide by.
 *
 * Writes
 * - text_chars, text_lines (non-blank), text_max_line_length, text_max_word_length, text_sentences,
 *   text_tokens_estimate (GPT-2 tokens,
 *   from counts alone, +- 7 % on English): int32
 * - text_mean_line_length, text_letter_ratio, text_digit_ratio, text_white_space_ratio, text_punctuation_ratio,
 *   text_symbol_ratio
 * - text_upper_ratio: upper case per letter; text_capital_line_ratio: lines whose letters are all upper case
 * - text_control_ratio: control characters other than tab and line ends; text_replacement_count int32: U+FFFD and
 *   U+0080 to U+009F, the
 *   marks of a wrong encoding
 * - text_distinct_word_ratio, text_function_word_ratio (English articles, pronouns, prepositions, auxiliaries): per
 *   word
 * - text_words_per_sentence
 */
export const textStatistics = annotator({
  call: 'textStatistics()',
  name: 'text',
  version: 1,
  stage: 'annotators/statistics',
  options: textStatisticsOptions,
  describe: ({ of }) => statisticsDescription('text', of),
});

import type { Rule } from '../../streams/batch/outcome.ts';
import { type JudgedPart, type RuleRow, ruleSet, type Thresholds } from './rule-set.ts';

type Option =
  | 'maxUpperRatio'
  | 'minWhiteSpace'
  | 'maxReplacements'
  | 'maxControlRatio'
  | 'minFunctionWords'
  | 'minDistinctWords'
  | 'maxSymbolRatio'
  | 'maxDigitRatio';

export type TextThresholds = Thresholds<Option> & JudgedPart;

const rows: readonly RuleRow<Option>[] = [
  {
    name: 'text_max_upper_ratio',
    option: 'maxUpperRatio',
    column: 'text_upper_ratio',
    comparison: '>',
    threshold: 0.6,
  },
  {
    name: 'text_min_white_space',
    option: 'minWhiteSpace',
    column: 'text_white_space_ratio',
    comparison: '<',
    threshold: 0.11,
  },
  {
    name: 'text_max_replacements',
    option: 'maxReplacements',
    column: 'text_replacement_count',
    comparison: '>',
    threshold: 1,
  },
  {
    name: 'text_max_control_ratio',
    option: 'maxControlRatio',
    column: 'text_control_ratio',
    comparison: '>',
    threshold: 0.001,
  },
  {
    name: 'text_min_function_words',
    option: 'minFunctionWords',
    column: 'text_function_word_ratio',
    comparison: '<',
    threshold: 0.05,
  },
  {
    name: 'text_min_distinct_words',
    option: 'minDistinctWords',
    column: 'text_distinct_word_ratio',
    comparison: '<',
    threshold: 0.1,
  },
  {
    name: 'text_max_symbol_ratio',
    option: 'maxSymbolRatio',
    column: 'text_symbol_ratio',
    comparison: '>',
    threshold: 0.1,
  },
  {
    name: 'text_max_digit_ratio',
    option: 'maxDigitRatio',
    column: 'text_digit_ratio',
    comparison: '>',
    threshold: 0.25,
  },
];

/**
 * Our own rules for what the published sets let pass in English prose: shouting, words run together, text decoded with
 * the wrong encoding, control characters, lists of words without grammar, the same few words over and over, and
 * drawings or numbers in place of sentences. Limits lie beyond the 1st or 99th percentile of edited prose. Not for
 * languages without spaces between words: set `minWhiteSpace` and `minFunctionWords` to null there.
 *
 * Reads the columns of `textStatistics()`.
 */
export function textRules(thresholds: TextThresholds = {}): Rule[] {
  return ruleSet('textRules()', rows, thresholds);
}

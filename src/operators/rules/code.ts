import type { Rule } from '../../streams/batch/outcome.ts';
import { type RuleRow, ruleSet, type Thresholds } from './rule-set.ts';

type Option = 'minChars' | 'maxLineLength' | 'maxMeanLineLength' | 'minLetters' | 'maxDigits' | 'maxGeneratedMarks';

export type CodeThresholds = Thresholds<Option>;

const rows: readonly RuleRow<Option>[] = [
  { name: 'code_min_chars', option: 'minChars', column: 'text_chars', comparison: '<', threshold: 100 },
  {
    name: 'code_max_line_length',
    option: 'maxLineLength',
    column: 'text_max_line_length',
    comparison: '>',
    threshold: 1000,
  },
  {
    name: 'code_max_mean_line_length',
    option: 'maxMeanLineLength',
    column: 'text_mean_line_length',
    comparison: '>',
    threshold: 100,
  },
  { name: 'code_min_letters', option: 'minLetters', column: 'text_letter_ratio', comparison: '<', threshold: 0.25 },
  { name: 'code_max_digits', option: 'maxDigits', column: 'text_digit_ratio', comparison: '>', threshold: 0.3 },
  {
    name: 'code_generated',
    option: 'maxGeneratedMarks',
    column: 'code_generated_marks',
    comparison: '>',
    threshold: 0,
  },
];

/**
 * Rules for program text: too short to learn from; minified or machine-made (longest line over 1,000, mean line over
 * 100 characters, as in Codex, Chen et al. 2021, and StarCoder, Li et al. 2023); data dumps (under 25 % letters, as in
 * StarCoder, or over 30 % digits); files that say that they are generated.
 *
 * Reads the columns of `textStatistics()` and `codeStatistics()`.
 */
export function codeRules(thresholds: CodeThresholds = {}): Rule[] {
  return ruleSet('codeRules()', rows, thresholds);
}

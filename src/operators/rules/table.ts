import type { Rule } from '../../streams/batch/outcome.ts';
import { type RuleRow, ruleSet, type Thresholds } from './rule-set.ts';

type Option = 'minChars' | 'maxChars' | 'maxLineLength' | 'minLetters';

export type TableThresholds = Thresholds<Option>;

const rows: readonly RuleRow<Option>[] = [
  { name: 'table_min_chars', option: 'minChars', column: 'text_chars', comparison: '<', threshold: 50 },
  { name: 'table_max_chars', option: 'maxChars', column: 'text_chars', comparison: '>', threshold: 1_000_000 },
  {
    name: 'table_max_line_length',
    option: 'maxLineLength',
    column: 'text_max_line_length',
    comparison: '>',
    threshold: 10_000,
  },
  { name: 'table_min_letters', option: 'minLetters', column: 'text_letter_ratio', comparison: '<', threshold: 0.15 },
];

/**
 * Rules for tables and structured data (CSV, JSON, YAML): nearly empty, over a million characters, packed into lines
 * that nobody reads (source maps, serialised state), or numbers alone. Our own.
 *
 * Reads the columns of `textStatistics()`.
 */
export function tableRules(thresholds: TableThresholds = {}): Rule[] {
  return ruleSet('tableRules()', rows, thresholds);
}

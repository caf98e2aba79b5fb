import type { Rule } from '../../streams/batch/outcome.ts';
import { type JudgedPart, profileRuleSet, type RuleRow, type Thresholds } from './rule-set.ts';

type Option = 'minLinePunct' | 'maxShortLines' | 'maxCharDuplicates' | 'maxNewlineRatio';

export type FinewebThresholds = Thresholds<Option | 'minLines'> &
  JudgedPart & { readonly profile?: 'sluice' | 'datatrove' };

const sluice: readonly RuleRow<Option>[] = [
  {
    name: 'fineweb_min_line_punct',
    option: 'minLinePunct',
    column: 'fineweb_line_punct_ratio',
    comparison: '<',
    threshold: 0.12,
  },
  {
    name: 'fineweb_max_short_lines',
    option: 'maxShortLines',
    column: 'fineweb_short_line_ratio',
    comparison: '>',
    threshold: 0.67,
  },
  {
    name: 'fineweb_max_char_duplicates',
    option: 'maxCharDuplicates',
    column: 'fineweb_char_dup_ratio',
    comparison: '>',
    threshold: 0.01,
  },
  {
    name: 'fineweb_max_newline_ratio',
    option: 'maxNewlineRatio',
    column: 'fineweb_newline_ratio',
    comparison: '>',
    threshold: 0.3,
  },
];

/** The reason strings of datatrove 0.10, in the order of its filter. */
const datatroveNames = {
  minLinePunct: 'line_punct_ratio',
  maxShortLines: 'short_line_ratio',
  maxCharDuplicates: 'char_dup_ratio',
  maxNewlineRatio: 'list_ratio',
};

const datatrove: readonly RuleRow<Option | 'minLines'>[] = [
  { name: 'empty', option: 'minLines', column: 'fineweb_lines', comparison: '<', threshold: 1 },
  ...sluice.map((r) => ({ ...r, name: datatroveNames[r.option] })),
];

/**
 * FineWeb quality rules (Penedo et al. 2024, section 3.6): at least 12 % of the lines end in a terminal mark, at most
 * 67 % are 30 characters or shorter, at most 1 % of the characters stand in copies of lines, at most 0.3 line feeds a
 * word.
 *
 * Reads the columns of `fineweb()` of the same profile. The rules of the profile `datatrove` have that tool's reason
 * strings as names. A threshold of null leaves a rule out.
 */
export function finewebRules(thresholds: FinewebThresholds = {}): Rule[] {
  return profileRuleSet<Option | 'minLines', 'sluice' | 'datatrove'>(
    'finewebRules()',
    { sluice, datatrove },
    thresholds,
  );
}

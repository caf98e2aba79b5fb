import type { Rule } from '../../streams/batch/outcome.ts';
import { type RuleRow, ruleSet, type Thresholds } from './rule-set.ts';

type Option =
  | 'maxMojibake'
  | 'maxOddWords'
  | 'maxImpossiblePairs'
  | 'maxRunOn'
  | 'maxFiller'
  | 'maxShort'
  | 'maxMenuLines';

export type PartsThresholds = Thresholds<Option>;

const rows: readonly RuleRow<Option>[] = [
  { name: 'parts_max_mojibake', option: 'maxMojibake', column: 'parts_mojibake_count', comparison: '>', threshold: 1 },
  {
    name: 'parts_max_odd_words',
    option: 'maxOddWords',
    column: 'parts_odd_word_ratio',
    comparison: '>',
    threshold: 0.025,
  },
  {
    name: 'parts_max_impossible_pairs',
    option: 'maxImpossiblePairs',
    column: 'parts_impossible_pair_ratio',
    comparison: '>',
    threshold: 0.008,
  },
  { name: 'parts_max_run_on', option: 'maxRunOn', column: 'parts_run_on_ratio', comparison: '>', threshold: 0.015 },
  { name: 'parts_max_filler', option: 'maxFiller', column: 'parts_filler_ratio', comparison: '>', threshold: 0.05 },
  { name: 'parts_max_short', option: 'maxShort', column: 'parts_short_ratio', comparison: '>', threshold: 0.2 },
  {
    name: 'parts_max_menu_lines',
    option: 'maxMenuLines',
    column: 'parts_menu_line_ratio',
    comparison: '>',
    threshold: 0.4,
  },
];

/**
 * Rules for English pages, by what they are made of: text read with the wrong encoding, bad scans, word salad, lost
 * spaces, filler, and pages that are mostly headings, captions and menus. Our own; chosen on half of the groups of a
 * labelled corpus (`npx tsx scripts/score/quickstart.ts`).
 *
 * Reads the columns of `textParts()`.
 */
export function partsRules(thresholds: PartsThresholds = {}): Rule[] {
  return ruleSet('partsRules()', rows, thresholds);
}

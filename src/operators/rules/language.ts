import type { Rule } from '../../streams/batch/outcome.ts';
import { type RuleRow, ruleSet, type Thresholds } from './rule-set.ts';

export type LanguageThresholds = Thresholds<'minScore'>;

const rows: readonly RuleRow<'minScore'>[] = [
  {
    name: 'language_min_score',
    option: 'minScore',
    column: 'language_keep_score',
    comparison: '<=',
    threshold: 0.65,
  },
];

/**
 * Keeps documents in the languages that `language({ keep: [...] })` names, where the model gives them a probability of
 * more than 0.65, as FineWeb does with lid.176 (Penedo et al. 2024, section 3.2). Those of the model that ships are
 * scaled to be like lid.176's (docs/languages.md); those of another one need not be: look at some documents around the
 * threshold before you trust it.
 *
 * Reads language_keep_score of `language()`.
 */
export function languageRules(thresholds: LanguageThresholds = {}): Rule[] {
  return ruleSet('languageRules()', rows, thresholds);
}

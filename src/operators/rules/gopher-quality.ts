import type { Rule } from '../../streams/batch/outcome.ts';
import type { Profile } from '../annotators/profile.ts';
import { type JudgedPart, profileRuleSet, type RuleRow, type Thresholds } from './rule-set.ts';

type Option =
  | 'minWords'
  | 'maxWords'
  | 'minWordLength'
  | 'maxWordLength'
  | 'maxHashRatio'
  | 'maxEllipsisRatio'
  | 'maxBulletLines'
  | 'maxEllipsisLines'
  | 'minAlphaWords'
  | 'minStopWords';

export type GopherQualityThresholds = Thresholds<Option | 'maxSymbolRatio'> &
  JudgedPart & { readonly profile?: Profile };

const sluice: readonly RuleRow<Option>[] = [
  { name: 'gopher_min_words', option: 'minWords', column: 'gopher_word_count', comparison: '<', threshold: 50 },
  { name: 'gopher_max_words', option: 'maxWords', column: 'gopher_word_count', comparison: '>', threshold: 100_000 },
  {
    name: 'gopher_min_word_length',
    option: 'minWordLength',
    column: 'gopher_mean_word_length',
    comparison: '<',
    threshold: 3,
  },
  {
    name: 'gopher_max_word_length',
    option: 'maxWordLength',
    column: 'gopher_mean_word_length',
    comparison: '>',
    threshold: 10,
  },
  {
    name: 'gopher_max_hash_ratio',
    option: 'maxHashRatio',
    column: 'gopher_hash_ratio',
    comparison: '>',
    threshold: 0.1,
  },
  {
    name: 'gopher_max_ellipsis_ratio',
    option: 'maxEllipsisRatio',
    column: 'gopher_ellipsis_ratio',
    comparison: '>',
    threshold: 0.1,
  },
  {
    name: 'gopher_max_bullet_lines',
    option: 'maxBulletLines',
    column: 'gopher_bullet_line_ratio',
    comparison: '>',
    threshold: 0.9,
  },
  {
    name: 'gopher_max_ellipsis_lines',
    option: 'maxEllipsisLines',
    column: 'gopher_ellipsis_line_ratio',
    comparison: '>',
    threshold: 0.3,
  },
  {
    name: 'gopher_min_alpha_words',
    option: 'minAlphaWords',
    column: 'gopher_alpha_word_ratio',
    comparison: '<',
    threshold: 0.8,
  },
  {
    name: 'gopher_min_stop_words',
    option: 'minStopWords',
    column: 'gopher_stop_word_count',
    comparison: '<',
    threshold: 2,
  },
];

/** The reason strings of datatrove 0.10, in the order of its filter. */
const datatroveNames: { readonly [option in Option]: string } = {
  minWords: 'gopher_short_doc',
  maxWords: 'gopher_long_doc',
  minWordLength: 'gopher_below_avg_threshold',
  maxWordLength: 'gopher_above_avg_threshold',
  maxHashRatio: 'gopher_too_many_hashes',
  maxEllipsisRatio: 'gopher_too_many_ellipsis',
  maxBulletLines: 'gopher_too_many_bullets',
  maxEllipsisLines: 'gopher_too_many_end_ellipsis',
  minAlphaWords: 'gopher_below_alpha_threshold',
  minStopWords: 'gopher_enough_stop_words',
};

const datatrove = sluice.map((r) => ({ ...r, name: datatroveNames[r.option] }));

/** One symbol test, and the median for the mean. */
const dolma: readonly RuleRow<Option | 'maxSymbolRatio'>[] = sluice
  .filter((r) => r.option !== 'maxEllipsisRatio')
  .map((r) => {
    if (r.column === 'gopher_mean_word_length') return { ...r, column: 'gopher_median_word_length' };
    if (r.option !== 'maxHashRatio') return r;
    return { ...r, name: 'gopher_max_symbol_ratio', option: 'maxSymbolRatio', column: 'gopher_symbol_word_ratio' };
  });

/**
 * Gopher quality rules (Rae et al. 2021, appendix A.1.1): 50 to 100,000 words of 3 to 10 characters on average, few `#`
 * and ellipses, few bullet lines and lines that trail off, four words in five with a letter, two of eight English stop
 * words.
 *
 * Reads the columns of `gopherQuality()` of the same profile. The rules of the profile `datatrove` have that tool's
 * reason strings as names and its order; `dolma` has `maxSymbolRatio` for the hash and ellipsis rules. A threshold of
 * null leaves a rule out.
 */
export function gopherQualityRules(thresholds: GopherQualityThresholds = {}): Rule[] {
  return profileRuleSet<Option | 'maxSymbolRatio', Profile>(
    'gopherQualityRules()',
    { sluice, datatrove, dolma },
    thresholds,
  );
}

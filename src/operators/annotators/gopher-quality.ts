import * as z from 'zod';
import { annotator } from '../annotator.ts';
import { ofName } from './of.ts';
import { profileName, splitName, taggerName } from './profile.ts';
import { profileDescription, profileStage } from './profiles.ts';

export const gopherQualityOptions = z.strictObject({
  /** `prose`: of the prose alone (see `textParts()`); columns then have `prose_` in front. */
  of: ofName.default('text'),
  profile: profileName.default('sluice'),
  /** Only for the profile `datatrove`. */
  split: splitName.default('punctuated'),
  /** Only for the profile `dolma`: `v1` of its tagger takes blank lines for lines, `v2` does not. */
  tagger: taggerName.default('v1'),
});
export type GopherQualityOptions = z.input<typeof gopherQualityOptions>;

/**
 * Statistics behind the Gopher quality rules: Rae et al. 2021, "Scaling Language Models", appendix A.1.1 ("Quality
 * Filtering").
 *
 * Writes (null where there is nothing to divide by):
 * - gopher_word_count int32; gopher_mean_word_length in code points (`dolma`: gopher_median_word_length)
 * - gopher_hash_ratio `#` and gopher_ellipsis_ratio `...` and `…`, per word (`dolma`: gopher_symbol_word_ratio, words
 *   with `#` or `…`)
 * - gopher_bullet_line_ratio, gopher_ellipsis_line_ratio: share of lines that start with a bullet, that end in an
 *   ellipsis
 * - gopher_alpha_word_ratio: share of words with a letter
 * - gopher_stop_word_count int32: of the/be/to/of/and/that/have/with: different ones (`dolma`: occurrences)
 *
 * Profiles: `sluice` counts non-blank lines, words without the marks around them, and finds "The" among the stop words.
 * `datatrove` counts blank lines too, takes marks as words except in the word count and the mean, and minds the case.
 * `dolma` has the median for the mean, `*` and `-` only as bullets and `…` only as ellipsis, and minds the case.
 */
export const gopherQuality = annotator({
  call: 'gopherQuality()',
  name: 'gopher_quality',
  version: 1,
  stage: profileStage,
  options: gopherQualityOptions,
  describe: ({ profile, ...choice }) => profileDescription('gopher_quality', profile, choice),
});

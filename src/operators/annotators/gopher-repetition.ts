import * as z from 'zod';
import { annotator } from '../annotator.ts';
import { ofName } from './of.ts';
import { profileName, splitName, taggerName } from './profile.ts';
import { profileDescription, profileStage } from './profiles.ts';

export const gopherRepetitionOptions = z.strictObject({
  /** `prose`: of the prose alone (see `textParts()`); columns then have `prose_` in front. */
  of: ofName.default('text'),
  profile: profileName.default('sluice'),
  /** Only for the profile `datatrove`. */
  split: splitName.default('punctuated'),
  /** Only for the profile `dolma`: `v1` of its tagger takes blank lines for lines, `v2` does not. */
  tagger: taggerName.default('v1'),
});
export type GopherRepetitionOptions = z.input<typeof gopherRepetitionOptions>;

/**
 * Statistics behind the Gopher repetition rules: Rae et al. 2021, appendix A.1.1, table A1. All float64 ratios, null
 * without lines or words.
 *
 * Writes gopher_duplicate_{line,paragraph}_ratio and ..._char_ratio, gopher_top_{2,3,4}_gram_char_ratio,
 * gopher_duplicate_{5..10}_gram_char_ratio.
 *
 * Profiles: `sluice` counts the second and later copies, per non-blank line or paragraph, and divides characters by the
 * characters of words, lines or paragraphs; a top n-gram that occurs once is 0. `datatrove` divides characters by the
 * whole text with its white space, lets a top n-gram that occurs once count, and walks over duplicate n-grams jumping;
 * it adds gopher_chars int32. `dolma` counts all copies with the first, has no paragraphs, and divides the characters
 * of lines by those that are not white space.
 */
export const gopherRepetition = annotator({
  call: 'gopherRepetition()',
  name: 'gopher_repetition',
  version: 1,
  stage: profileStage,
  options: gopherRepetitionOptions,
  describe: ({ profile, ...choice }) => profileDescription('gopher_repetition', profile, choice),
});

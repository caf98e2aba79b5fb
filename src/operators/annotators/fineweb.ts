import * as z from 'zod';
import { annotator } from '../annotator.ts';
import { ofName } from './of.ts';
import { splitName } from './profile.ts';
import { profileDescription, profileStage } from './profiles.ts';

export const finewebOptions = z.strictObject({
  /** `prose`: of the prose alone (see `textParts()`); columns then have `prose_` in front. */
  of: ofName.default('text'),
  profile: z.enum(['sluice', 'datatrove']).default('sluice'),
  /** Only for the profile `datatrove`. */
  split: splitName.default('punctuated'),
});
export type FinewebOptions = z.input<typeof finewebOptions>;

/**
 * Statistics behind the FineWeb rules: Penedo et al. 2024, "The FineWeb Datasets", section 3.6. All float64, null
 * without lines or words.
 *
 * Writes
 * - fineweb_line_punct_ratio: share of non-blank lines that end in a terminal mark
 * - fineweb_short_line_ratio: share of non-blank lines of at most 30 code points
 * - fineweb_char_dup_ratio: code points in second and later copies of lines, per code point of lines
 * - fineweb_newline_ratio: line feeds per word
 *
 * Profiles: `sluice` trims lines, sees a terminal mark through closing quotes and brackets, and takes `…` as one.
 * `datatrove` trims nothing, wants the mark as the very last character, divides by all code points that are no line
 * feeds, counts marks as words, and adds fineweb_lines int32 (non-blank).
 */
export const fineweb = annotator({
  call: 'fineweb()',
  name: 'fineweb',
  version: 1,
  stage: profileStage,
  options: finewebOptions,
  describe: ({ profile, split, of }) => profileDescription('fineweb', profile, { split, tagger: 'v1', of }),
});

import * as z from 'zod';
import { fastTextHash } from '../../models/classifiers/fasttext.ts';
import { annotator } from '../annotator.ts';
import { columnOfLabel, labelColumns } from './label-columns.ts';

export const languageOptions = z.strictObject({
  /**
   * What tells languages apart. `sluice`: the model that ships, 57 languages. `eld`: the package of that name, 60
   * languages, which must be installed. Else the path of a fastText model, `.bin` or `.ftz`.
   */
  model: z.string().min(1).default('sluice'),
  /** Labels a document gets, the likeliest first. */
  most: z.int().min(1).max(20).default(1),
  /** Languages to keep, for `languageRules()`; empty: no column language_keep_score. */
  keep: z.array(z.string().min(1)).default([]),
  /** Languages whose probability gets a column of its own: `['en']` makes language_en. */
  labels: z.array(z.string().min(1)).default([]),
  /** Bytes of a document that are read, from its beginning on. Null: all that a model can. */
  maxBytes: z.int().min(16).nullable().default(null),
});
export type LanguageOptions = z.input<typeof languageOptions>;

/**
 * The language of each document. The model that ships is a linear one on hashed n-grams of 3, 4 and 6 bytes, in the
 * kernel; it knows 57 languages and gives every text one of them, so a low score is all that tells of another language.
 * Its labels are those of `de`, `sr-Latn`, `zh`; a fastText model has its own (`deu_Latn` in GlotLID). It reads at most
 * 4 MiB of a document.
 *
 * Writes language utf8 and language_score float64, the probability that the model gives it; with `most` language_2,
 * language_score_2 and so on; for each of `labels` language_<label> float64; with `keep` language_keep_score float64:
 * the score of the likeliest language where that is to be kept, else 0. Null where there is nothing to tell by (with
 * `keep`: 0). Errors: ConfigError when a model is not there; InputError for a damaged one.
 */
export const language = annotator({
  call: 'language()',
  name: 'language',
  version: 1,
  stage: 'annotators/language',
  options: languageOptions,
  describe: ({ model, ...rest }) => ({
    options: { model, ...rest, hash: model === 'sluice' || model === 'eld' ? null : fastTextHash(model) },
    writes: [
      ...labelColumns('language', 'language_score', rest.most),
      ...rest.labels.map((label) => ({ name: columnOfLabel('language', label), type: 'float64' as const })),
      ...(rest.keep.length > 0 ? [{ name: 'language_keep_score', type: 'float64' as const }] : []),
    ],
    ...(model !== 'sluice' && model !== 'eld' && { places: ['model'] }),
  }),
});

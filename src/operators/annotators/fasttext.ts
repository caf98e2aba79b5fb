import * as z from 'zod';
import { fastTextHash } from '../../models/classifiers/fasttext.ts';
import { annotator } from '../annotator.ts';
import { columnOfLabel, labelColumns } from './label-columns.ts';

/** How to come by a model, as a sentence. */
const HOW = 'Name a supervised model of fastText: fasttext({ model: "lid.176.ftz" }), or --set step.model=PATH.';

export const fasttextOptions = z.strictObject({
  /** A supervised model, `.bin` or `.ftz`. Null: none yet; a run says how to name one. */
  model: z.string().min(1).nullable(),
  /** Labels a document gets, the likeliest first. */
  most: z.int().min(1).max(20).default(1),
  /** Labels whose probability gets a column of its own: `['hq']` makes fasttext_hq. */
  labels: z.array(z.string().min(1)).default([]),
  /** Bytes of a document that are read, from its beginning on. Null: all, as the library does. */
  maxBytes: z.int().min(16).nullable().default(null),
  /** Prefix of the columns. */
  as: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, 'a prefix of a-z, 0-9 and _')
    .default('fasttext'),
});
export type FasttextOptions = z.input<typeof fasttextOptions>;

/**
 * Labels of a supervised fastText model (Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification"), read
 * as it is and equal to the library's own answers: language identification, DCLM's quality classifier, classifiers of
 * education or toxicity. Softmax, hierarchical softmax, negative sampling and one-vs-all; word n-grams, subwords, and
 * quantised (`.ftz`) matrices. A document is one line, as in `predict(text.replace("\n", " "))`.
 *
 * Writes fasttext_label utf8 without `__label__` and fasttext_score float64, its probability (of `predict`: up to
 * 0.00001 above the model's); with `most` fasttext_label_2, fasttext_score_2 and so on; for each of `labels`
 * fasttext_<label> float64 (0 where hierarchical softmax gives it no chance). Null where the model knows no token. The
 * hash of the model is part of the recipe. Memory: the model, unpacked, in every worker. Errors: ConfigError when the
 * file is not there or is no supervised model, or for a label that it does not have; InputError for a damaged one.
 */
export const fasttext = annotator({
  call: 'fasttext()',
  name: ({ as }) => as,
  version: 1,
  stage: 'annotators/fasttext',
  options: fasttextOptions,
  describe: ({ model, as, most, labels, maxBytes }) => ({
    options: { model, as, most, labels, maxBytes, hash: model === null ? null : fastTextHash(model) },
    writes: [
      ...labelColumns(`${as}_label`, `${as}_score`, most),
      ...labels.map((label) => ({ name: columnOfLabel(as, label), type: 'float64' as const })),
    ],
    ...(model === null ? { unset: 'model', unsetHelp: HOW } : { places: ['model'] }),
  }),
});

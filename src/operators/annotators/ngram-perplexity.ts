import * as z from 'zod';
import { ngramFileInfo } from '../../models/ngram/file.ts';
import { annotator } from '../annotator.ts';
import { HOW_TO_MAKE, perplexityColumns } from './perplexity-columns.ts';

export const ngramPerplexityOptions = z.strictObject({
  /** File of `sluice train-ngram` or `writeNgram`, or an ARPA file. Null: none yet; a run says how to make one. */
  model: z.string().min(1).nullable(),
  /** Only for ARPA: how documents become the model's words. Default: as KenLM does; models of Sluice know it. */
  split: z.enum(['bytes', 'words', 'whitespace']).nullable().default(null),
  /** Prefix of the columns. */
  as: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, 'a prefix of a-z, 0-9 and _')
    .default('ppl'),
  /**
   * Score documents that the model was trained on (by group or text) too. Default: they get no score, with that as the
   * reason.
   */
  scoreTrainedOn: z.boolean().default(false),
});
export type NgramPerplexityOptions = z.input<typeof ngramPerplexityOptions>;

/**
 * Perplexity of each document under an n-gram model: cheap, runs in kernel workers. Documents that the model was
 * trained on get no score (models in ARPA do not know theirs). Tokens are the model's words (with an end for each line
 * that has words) or bytes (with an end of the document).
 *
 * Writes ppl_nll_sum, ppl_tokens, ppl, ppl_bits_per_byte, ppl_bits_per_byte_max (of the piece of about 512 bytes that
 * has most), ppl_unscored (`empty`, `trained_on`); see `perplexityColumns`. The hash of the model is part of the
 * recipe: a run does not resume with another one, but with the same one in another place. Errors: ConfigError when the
 * file is not there.
 */
export const ngramPerplexity = annotator({
  call: 'ngramPerplexity()',
  name: ({ as }) => as,
  version: 3,
  stage: 'annotators/ngram-perplexity',
  options: ngramPerplexityOptions,
  describe: ({ model, as, ...rest }) => ({
    options: { model, as, ...rest, hash: model === null ? null : ngramFileInfo(model).hash },
    reads: ['text', 'metadata'],
    writes: perplexityColumns(as, { cached: false }),
    ...(model === null ? { unset: 'model', unsetHelp: HOW_TO_MAKE } : { places: ['model'] }),
  }),
});

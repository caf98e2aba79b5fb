import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import { trainedOn } from '../../models/folders/trained-on.ts';
import { loadNgram, ngramFileInfo } from '../../models/ngram/file.ts';
import { ngramScorer } from '../../models/ngram/scorer.ts';
import type { Scores } from '../../models/scorers/scorer.ts';
import { parseOptions } from '../../options.ts';
import { type AnnotatorDescriptor, type AnnotatorFactory, REMAKE } from '../annotate.ts';
import { freshRows, withTrainedOn } from '../perplexity/fresh-rows.ts';
import { perplexityColumns, perplexityColumnsOf } from './perplexity-columns.ts';

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

const HOW_TO_MAKE =
  "Train one on clean text that you will not score: sluice train-ngram --input 'clean/*.jsonl.gz' --output reference.ngram";

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
export function ngramPerplexity(options: NgramPerplexityOptions): AnnotatorDescriptor {
  const parsed = parseOptions(ngramPerplexityOptions, options, 'ngramPerplexity()');
  const { model, split, as, scoreTrainedOn } = parsed;
  return {
    name: as,
    version: 3,
    module: 'sluice:ngram-perplexity',
    export: 'ngramPerplexityAnnotator',
    options: { model, split, as, scoreTrainedOn, hash: model === null ? null : ngramFileInfo(model).hash },
    ...(model !== null && { places: ['model'] }),
    reads: ['text', 'metadata'],
    writes: perplexityColumns(as, { cached: false }),
    ...(model === null && { unset: 'model', unsetHelp: HOW_TO_MAKE }),
    [REMAKE]: ({ hash: _, ...changed }) => ngramPerplexity(changed as NgramPerplexityOptions),
  };
}

interface Options {
  readonly model: string | null;
  readonly split: NgramPerplexityOptions['split'];
  readonly as: string;
  readonly scoreTrainedOn: boolean;
  readonly hash: string | null;
}

export const ngramPerplexityAnnotator: AnnotatorFactory = async (options) => {
  const { model: path, split, as, scoreTrainedOn, hash } = options as unknown as Options;
  if (path === null)
    throw new ConfigError({
      expected: 'a language model to score with',
      got: 'none',
      where: `annotator ${as}`,
      fix: HOW_TO_MAKE,
    });
  const loaded = await loadNgram(path, split ?? undefined);
  if (loaded.hash !== hash)
    throw new ConfigError({
      expected: `the model with hash ${hash}`,
      got: loaded.hash,
      where: path,
      fix: 'It was changed since the run began: put the old one back, or start over with --fresh.',
    });
  const scorer = ngramScorer(loaded.model, loaded.hash);
  const { trainedOn: list } = loaded.model;
  const fresh = list && !scoreTrainedOn ? await freshRows(trainedOn(list.hashes), list.groupBy) : null;
  return (batch, scope) => {
    const wanted = fresh ? fresh(batch, scope) : scope;
    const scores = scorer.score(batch.utf8('text'), wanted) as Scores;
    return perplexityColumnsOf(as, withTrainedOn(scores, scope, wanted), scope, { cached: false });
  };
};

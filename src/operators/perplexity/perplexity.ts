import * as z from 'zod';
import { EXECUTORS } from '../../models/executors/executor.ts';
import { modelFolderInfo } from '../../models/scorers/scoring-model.ts';
import { parallel } from '../../streams/flow/parallel.ts';
import { perplexityColumns } from '../annotators/perplexity-columns.ts';
import { operator, type StepOptions } from '../operator.ts';
import { modelFolder, scoringSpec, withScores } from './perplexity-stage.ts';

export const perplexityOptions = z.strictObject({
  /**
   * Folder of a model: of `sluice train-reference`, or a Hugging Face directory. Default: the one that ships with
   * Sluice.
   */
  model: z.string().nullable().default(null),
  /** Default: the best that passes a self-check. */
  executor: z.enum(['auto', ...EXECUTORS]).default('auto'),
  /** Prefix of the columns. */
  as: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, 'a-z, 0-9 and _')
    .default('ppl'),
  /**
   * Id of the token before the first of a document, which the model reads and nobody predicts; `none`: the first token
   * of the document is not predicted. Default `auto`: as the model was trained by `sluice train-reference`, else
   * `bos_token_id` of config.json, but `none` where tokenizer_config.json has `add_bos_token: false`, and the end of a
   * document where that token begins a turn of a conversation.
   */
  start: z.union([z.enum(['auto', 'none']), z.int().min(0)]).default('auto'),
  /**
   * Longest window, in tokens; attention costs its square in memory. Default: the context of the model, 2,048 at most.
   */
  context: z.int().min(2).nullable().default(null),
  /**
   * Tokens that two windows of a document longer than the context share, as context. Default: a quarter of a window: a
   * third more work than none (a half: twice the work).
   */
  overlap: z.int().min(0).nullable().default(null),
  /**
   * Documents of more tokens (or of more than 16 bytes for each of these) are not scored; null: all are. Default 1
   * million, a minute's work.
   */
  maxTokens: z.int().min(1).nullable().default(1_000_000),
  /**
   * Score documents that the model was trained on (by group or text) too. Default: they get no score, with that as the
   * reason.
   */
  scoreTrainedOn: z.boolean().default(false),
});

export type PerplexityInput = z.input<typeof perplexityOptions> & StepOptions;

/**
 * Perplexity of every document under a causal language model, on a pool of model workers of its own (a worker is never
 * killed: a session that is stopped half way takes the process with it).
 *
 * Writes `ppl_nll_sum` (nats), `ppl_tokens`, `ppl` (exp(nll_sum / tokens)), `ppl_bits_per_byte`,
 * `ppl_bits_per_byte_max` (of the piece of about 512 bytes that has most), `ppl_cached_bits_per_byte` (predicted from
 * what the document has said before as well), `ppl_unscored` (why there is no score: `empty`, `one_token`, `too_long`,
 * `unknown_tokens`, `trained_on`, `not_finite`). Perplexity is not quality: it says how much a text resembles what the
 * model was trained on. Errors: ConfigError for a folder without a model and for a runtime that is not installed,
 * before the first document is read.
 */
export const perplexity = operator({
  call: 'perplexity()',
  name: 'perplexity',
  stage: 'perplexity',
  options: perplexityOptions,
  versions: ({ model }) => ['perplexity@8', `model ${modelFolderInfo(modelFolder(model)).hash}`],
  effects: { annotates: true },
  describe: ({ as }) => ({ places: ['model'], writes: perplexityColumns(as, { cached: true }), models: true }),
  pipe: (descriptor) =>
    parallel(
      descriptor.step,
      (batch) =>
        withScores(descriptor, batch, async ({ parts }) => {
          const { sharedScoringPool } = await import('./scoring-pool.ts');
          return sharedScoringPool().score(scoringSpec(descriptor), parts);
        }),
      { concurrency: 2 },
    ),
});

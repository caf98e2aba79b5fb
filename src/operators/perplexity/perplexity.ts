import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { EXECUTORS } from '../../models/executors/executor.ts';
import { modelFolderInfo } from '../../models/scorers/scoring-model.ts';
import { parseOptions } from '../../options.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { parallel } from '../../streams/flow/parallel.ts';
import {
  type Json,
  type Operator,
  type OperatorContext,
  rowsInScope,
  type Scope,
  type Stage,
  type StepDescriptor,
  withOption,
} from '../../streams/operator.ts';
import { perplexityColumns, perplexityColumnsOf } from '../annotators/perplexity-columns.ts';
import { type ScoringSpec, scoreHere, scoringPool } from './scoring-pool.ts';

/** The model that ships with Sluice. */
const DEFAULT_MODEL = new URL('../../../models/prose/', import.meta.url);

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

export type PerplexityInput = z.input<typeof perplexityOptions> & { readonly step?: string; readonly where?: Scope };

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
export function perplexity({ step = 'perplexity', where, ...rest }: PerplexityInput = {}): Operator {
  const options = parseOptions(perplexityOptions, rest, 'perplexity()');
  const folder = options.model ?? fileURLToPath(DEFAULT_MODEL);
  const info = modelFolderInfo(folder);
  const descriptor: StepDescriptor = {
    kind: 'annotate',
    step,
    module: 'sluice:perplexity',
    export: 'perplexityStage',
    versions: ['perplexity@5', `model ${info.hash}`],
    options,
    places: ['model'],
    where: where ?? null,
    reads: [],
    writes: perplexityColumns(options.as, { cached: true }),
    rules: [],
    models: true,
  };
  const set = (option: string, value: Json): Operator =>
    perplexity({ ...(withOption(options, step, option, value) as z.infer<typeof perplexityOptions>), step, where });
  const scoring = (watch: OperatorContext['scoring']) =>
    parallel(
      step,
      async (batch: DocumentBatch) =>
        withScores(descriptor, batch, (spec, b, scope) =>
          scoringPool(spec).score(b, scope, (share) => watch?.(step, b, share)),
        ),
      { concurrency: 2 },
    );
  return Object.assign(scoring(undefined), { descriptor, set, bind: (c: OperatorContext) => scoring(c.scoring) });
}

/** What a worker has to know to score for a step. */
export function scoringSpec({ options, versions }: StepDescriptor): ScoringSpec {
  const { model, ...rest } = perplexityOptions.parse(options);
  const hash = versions[1].split(' ').at(-1)!;
  const { as: _, ...how } = rest;
  return { folder: model ?? fileURLToPath(DEFAULT_MODEL), hash, ...how };
}

type Score = (spec: ScoringSpec, batch: DocumentBatch, scope: Uint8Array) => ReturnType<typeof scoreHere>;

async function withScores(descriptor: StepDescriptor, batch: DocumentBatch, score: Score): Promise<DocumentBatch> {
  const scope = rowsInScope(batch, descriptor.where);
  const scores = await score(scoringSpec(descriptor), batch, scope);
  return batch.withColumns(perplexityColumnsOf(descriptor.options.as as string, scores, scope, { cached: true }));
}

/** The step in the thread that calls it: for tests and small runs. */
export function perplexityStage(descriptor: StepDescriptor): Stage {
  return { apply: (batch) => withScores(descriptor, batch, scoreHere) };
}

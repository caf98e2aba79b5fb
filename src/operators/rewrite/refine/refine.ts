import * as z from 'zod';
import type { StepDescriptor } from '../../../streams/operator.ts';
import { generatorPipe } from '../../generate/generator-pipe.ts';
import { bandReads, generatorOptions, modelUnset, modelVersion, PLACES } from '../../generate/options.ts';
import { operator, type StepOptions } from '../../operator.ts';
import { thresholdRule } from '../threshold-rule.ts';
import { LEAST_SHARE, LEAST_WORDS } from './execute.ts';
import { refined } from './refine-stage.ts';

const options = generatorOptions.extend({
  maxTokens: z.int().min(1).default(2000),
  /** Greedy: a program has one right text. */
  temperature: z.number().min(0).max(2).default(0),
  topP: z.number().gt(0).max(1).default(1),
  /**
   * What writes the programs. `rules`: an annotator made by hand, which needs no model. `lines`: a small classifier of
   * lines that was trained on planted noise; it removes lines and replaces nothing. Default: `model` where an endpoint
   * or a model is named, else `rules`.
   */
  writer: z.enum(['auto', 'rules', 'lines', 'model']).default('auto'),
  /** `trained`: for a model that was trained to write programs, and reads the text alone. */
  prompt: z.enum(['instruct', 'trained']).default('instruct'),
  /** Ask first whether the document stays at all. */
  judgeDocuments: z.boolean().default(true),
  /** Tokens of its beginning that are shown for that, about four bytes each. */
  documentTokens: z.int().min(16).default(2000),
  /** Longest run of lines that one program is written for. */
  chunkTokens: z.int().min(16).default(1500),
  /** A document of which no larger share of the words is left is dropped, where there were fewer than two errors. */
  minKeptShare: z.number().min(0).max(1).default(LEAST_SHARE),
  /** A document with no more words left is dropped. */
  minWords: z.int().min(0).default(LEAST_WORDS),
});

export type RefineInput = z.input<typeof options> & StepOptions;

/**
 * Refines documents by small programs (ProX: Zhou et al. 2024, "Programming Every Example: Lifting Pre-training Data
 * Quality like Experts at Scale"): one says whether a document stays, one for each run of lines of about 1,500 tokens
 * which lines go and what is replaced. Programs are run with the semantics of the published executor: every replacement
 * over the whole text, then the lines; two errors, and the text stays as it was.
 *
 * Writes a new `text` with the spans cut, `refine_program` (as they were written), `_drop_doc`, `_kept_share` (null
 * with two errors or more), `_words` left, `_errors`, `_unused` replacements, `_unasked` (the budget was spent: the
 * text is as it was), `_cost`. Drops: `refine_drop_doc`, `refine_kept_share`, `refine_min_words`. Answers are kept in
 * the run directory and never paid twice.
 */
export const refine = operator({
  call: 'refine()',
  name: 'refine',
  stage: 'refine',
  options,
  versions: (o) => [
    'refine@1',
    ...(writerOf(o) === 'model' ? modelVersion(o) : []),
    ...(writerOf(o) === 'model' ? [] : [`refine_${writerOf(o)}@1`]),
  ],
  effects: { annotates: true, rewrites: true, drops: 'thresholds' },
  describe: (o) => ({
    options: { ...o, writer: writerOf(o) } as unknown as StepDescriptor['options'],
    places: [...PLACES],
    ...modelUnset(o),
    reads: ['text', ...bandReads(o)],
    writes: [
      { name: 'refine_program', type: 'utf8' },
      { name: 'refine_drop_doc', type: 'int32' },
      { name: 'refine_kept_share', type: 'float64' },
      { name: 'refine_words', type: 'int32' },
      { name: 'refine_errors', type: 'int32' },
      { name: 'refine_unused', type: 'int32' },
      { name: 'refine_unasked', type: 'int32' },
      { name: 'refine_cost', type: 'float64' },
    ],
    rules: [
      thresholdRule('refine_drop_doc', 'refine_drop_doc', '>', 0, 'drop_doc'),
      thresholdRule('refine_kept_share', 'refine_kept_share', '<=', o.minKeptShare, 'min_kept_share'),
      thresholdRule('refine_min_words', 'refine_words', '<=', o.minWords, 'min_words'),
    ],
    ...(writerOf(o) === 'model' && { generates: true }),
  }),
  pipe: (descriptor) => (descriptor.generates ? generatorPipe(refined)(descriptor) : null),
});

const writerOf = ({ writer, endpoint, model }: z.output<typeof options>): 'rules' | 'lines' | 'model' => {
  if (writer !== 'auto') return writer;
  return endpoint === null && model === null ? 'rules' : 'model';
};

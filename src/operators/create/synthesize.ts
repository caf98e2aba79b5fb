import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import type { Rule } from '../../streams/batch/outcome.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { generatorPipe } from '../generate/generator-pipe.ts';
import { bandReads, generatorOptions, modelUnset, modelVersion, PLACES } from '../generate/options.ts';
import { operator, type StepOptions } from '../operator.ts';
import { synthesized } from './synthesize-stage.ts';
import { TASK_NAMES, TASKS } from './tasks/index.ts';

const options = generatorOptions.extend({
  maxTokens: z.int().min(1).default(1024),
  /** `entigraph`, `bonito`, `continuation`, `self_guide`, `self_target` or `wrap_prompt`. */
  task: z.enum(TASK_NAMES),
  /** Kinds of a task that has some (bonito: `yes_no`, ...; wrap_prompt: `topic`, ...). Default: all. */
  kinds: z.array(z.string()).default([]),
  /** Prompts a document, at most (entigraph: pairs and triples of entities; self_guide: inputs, 10 of them). */
  most: z.int().min(0).default(20),
  /** self_guide: the task in words. */
  instruction: z.string().default(''),
  /** self_guide: a few examples of the task. */
  examples: z.array(z.strictObject({ input: z.string().min(1), output: z.string().min(1) })).default([]),
  /** self_guide: outputs that there are; empty = any. */
  labels: z.array(z.string()).default([]),
  /** self_guide: outputs that are asked for an input; the most frequent stays. */
  samples: z.int().min(1).max(100).default(1),
  /** self_target: what stands in a document between the instruction and its answer. */
  separator: z.string().min(1).default('\n\n'),
  /** self_target: what decides whether an answer is right. */
  judge: z.enum(['exact', 'contains', 'model']).default('exact'),
  /** wrap_prompt: templates of your own, by name, in the place of those that are there. */
  templates: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]*$/),
      z.strictObject({
        template: z
          .string()
          .refine((t) => t.includes('{text}') && t.split('{label}').length === 2, '{text}, and {label} once'),
        labels: z.array(z.string().min(1)).min(2),
      }),
    )
    .default({}),
  /** Documents of more tokens (of about four bytes) are left out: each prompt holds the whole document. */
  longest: z.int().min(16).default(4000),
  /** Share of the documents, chosen by a hash of the id. */
  share: z.number().min(0).max(1).default(1),
  /** False: a document goes when something was made of it. */
  keepSource: z.boolean().default(true),
  /** Put behind the domain of what is made. */
  domainSuffix: z.string().default(''),
});

export type SynthesizeInput = z.input<typeof options> & StepOptions;

/**
 * Makes new documents of a document with a language model: `entigraph` (Yang et al. 2024, "Synthetic Continued
 * Pretraining": its entities, then passages on pairs and triples of them), `bonito` (the task types of Nayak et al.
 * 2024), `continuation` (its first half, continued: Xie et al. 2024), `self_guide` (examples of a task: Zhao et al.
 * 2024), `self_target` (answers in the model's own words: Gupta et al. 2025), `wrap_prompt` (the text in the form of a
 * task, with the label that the model gives it: Shi and Lipani 2023). Lineage, cost, store and limits as in
 * `rephrase()`.
 *
 * Writes of a source `synthesize_made` (texts that were kept) and `_unasked`; of what is made `synthesize_part` (which
 * entities, which type),
 * `_response_at` (byte where the response begins, for a loss on it alone), `_reason`, `_rejected`, `_refused`, `_cut`,
 * `_step` (asked on the way to others), `_filtered` (by a filter of the task, which `_reason` names), `_malformed`.
 * Drops by rules of these names. Documents that a generator wrote are left out.
 */
export const synthesize = operator({
  call: 'synthesize()',
  name: 'synthesize',
  stage: 'synthesize',
  options,
  versions: (o) => ['synthesize@2', ...modelVersion(o)],
  effects: { annotates: true, creates: true, drops: 'thresholds' },
  describe: (o, step) => {
    if (o.task === 'self_guide' && (o.instruction === '' || o.examples.length === 0))
      throw new ConfigError({
        expected: 'an instruction and a few examples of the task, for self_guide',
        got: o.instruction === '' ? 'no instruction' : 'no examples',
        where: `step ${step}`,
        fix: "synthesize({ task: 'self_guide', instruction: '...', examples: [{ input: '...', output: '...' }] })",
      });
    const { kinds } = TASKS[o.task];
    const known: readonly string[] = kinds;
    const unknown = known.length > 0 ? o.kinds.find((k) => !known.includes(k)) : undefined;
    if (unknown !== undefined)
      throw new ConfigError({
        expected: `kinds of ${o.task}: ${known.join(', ')}`,
        got: unknown,
        where: `step ${step}`,
      });
    return {
      options: { ...o, kinds: known.length > 0 ? o.kinds : [] } as unknown as StepDescriptor['options'],
      places: [...PLACES],
      ...modelUnset(o),
      reads: ['text', ...bandReads(o)],
      writes: [
        { name: 'synthesize_made', type: 'int32' },
        { name: 'synthesize_unasked', type: 'int32' },
        { name: 'synthesize_part', type: 'utf8' },
        { name: 'synthesize_reason', type: 'utf8' },
        { name: 'synthesize_response_at', type: 'int32' },
        ...FLAGS.map((name) => ({ name: `synthesize_${name}`, type: 'int32' as const })),
      ],
      rules: [...FLAGS.map((name) => rule(name, name)), ...(o.keepSource ? [] : [rule('replaced', 'made')])],
      generates: true,
    };
  },
  pipe: generatorPipe(synthesized),
});

const FLAGS = ['rejected', 'refused', 'cut', 'step', 'filtered', 'malformed'] as const;

const rule = (name: string, column: string): Rule => ({
  name: `synthesize_${name}`,
  version: 1,
  column: `synthesize_${column}`,
  comparison: '>',
  threshold: 0,
  onNull: 'pass',
  option: name,
});

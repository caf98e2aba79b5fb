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
  /** `entigraph`, `bonito` or `continuation`. */
  task: z.enum(TASK_NAMES),
  /** Kinds of a task that has some (bonito: `yes_no`, `summarisation`, ...); nothing to others. Default: all. */
  kinds: z.array(z.string()).default([]),
  /** Prompts of the second round a document, at most (entigraph: pairs and triples of entities). */
  most: z.int().min(0).default(20),
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
 * 2024), `continuation` (its first half, continued: Xie et al. 2024). Lineage, cost, store and limits as in
 * `rephrase()`.
 *
 * Writes of a source `synthesize_made` and `_unasked`; of what is made `synthesize_part` (which entities, which type),
 * `_response_at` (byte where the response begins, for a loss on it alone), `_reason`, `_rejected`, `_refused`, `_cut`,
 * `_malformed`. Drops by rules of these names. Documents that a generator wrote are left out.
 */
export const synthesize = operator({
  call: 'synthesize()',
  name: 'synthesize',
  stage: 'synthesize',
  options,
  versions: (o) => ['synthesize@1', ...modelVersion(o)],
  effects: { annotates: true, creates: true, drops: 'thresholds' },
  describe: (o, step) => {
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

const FLAGS = ['rejected', 'refused', 'cut', 'malformed'] as const;

const rule = (name: string, column: string): Rule => ({
  name: `synthesize_${name}`,
  version: 1,
  column: `synthesize_${column}`,
  comparison: '>',
  threshold: 0,
  onNull: 'pass',
  option: name,
});

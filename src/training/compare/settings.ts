import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import { readOptions } from '../../streams/inputs/read-options.ts';

const arm = z.strictObject({
  /** What tables call it. */
  name: z.string().min(1),
  /** Run directories (their kept documents), files, folders or globs. */
  input: z.array(z.string()).min(1),
});

const settings = z.strictObject({
  /** The first is what the others are compared with. */
  arms: z.array(arm).min(2),
  /** Trainings of each arm; seed k gives all arms the same first weights and the same order of places. */
  seeds: z.int().min(1).max(100).default(3),
  /** First of the seeds. */
  seed: z.int().min(0).default(0),
  /** Tokens that every training sees, in every arm. */
  tokens: z.int().min(1).default(600_000),
  /** Folder of a model to go on from; null: random weights over bytes. */
  from: z.string().nullable().default(null),
  /** Shape of a model with random weights. */
  model: z
    .strictObject({
      family: z.enum(['gpt2', 'neox', 'llama']).default('llama'),
      width: z.int().min(8).default(64),
      layers: z.int().min(1).default(2),
      heads: z.int().min(1).default(4),
      context: z.int().min(8).default(128),
    })
    .prefault({}),
  /** Sequences of a step. */
  rows: z.int().min(1).default(4),
  /** Highest rate. Default 4e-3 from random weights, 5e-4 from a model. */
  learningRate: z.number().gt(0).optional(),
  /** Documents that no arm is trained on; null: split off all arms by a hash of the group. */
  heldOut: z.array(z.string()).min(1).nullable().default(null),
  /** Share of the groups that is split off where `heldOut` is null. */
  heldOutShare: z.number().gt(0).max(0.5).default(0.05),
  /** Bytes of a domain that are measured on, of those in every arm and of the others each. */
  heldOutBytes: z.int().min(256).default(24_576),
  /** What must not stand on both sides; a document without it is known by its id. */
  groupBy: z
    .string()
    .regex(/^(text|metadata(\.[^.]+)+)$/, '`text` or `metadata.<field>`')
    .default('metadata.group'),
  /** File of items (`readItems`) to probe with; null: the last words of held-out sentences. */
  items: z.string().nullable().default(null),
  read: readOptions.prefault({}),
});

export type ComparisonInput = z.input<typeof settings>;
export type ComparisonSettings = z.output<typeof settings> & { readonly learningRate: number };

/** Checks the settings of a comparison and fills in defaults. Errors: ConfigError. */
export function comparisonSettings(input: ComparisonInput): ComparisonSettings {
  const checked = parseOptions(settings, input, 'compare()');
  return { ...checked, learningRate: checked.learningRate ?? (checked.from === null ? 4e-3 : 5e-4) };
}

import * as z from 'zod';
import type { Scheduler } from '../mixture/scheduler.ts';
import { proportional } from '../mixture/schedulers/proportional.ts';
import type { Transform } from '../models/transform.ts';
import { parseOptions } from '../options.ts';
import { type ReadOptions, readOptions } from '../streams/inputs/read-options.ts';
import type { Operator } from '../streams/operator.ts';
import type { Schedule } from '../training/schedules.ts';
import { rewarm } from '../training/schedules.ts';
import { type Expected, expectedBands } from './bands.ts';
import { isOperator } from './recipe.ts';

/** A model to be made: its weights begin at random. */
const newModelShape = z.strictObject({
  family: z.enum(['gpt2', 'neox', 'llama']).default('llama'),
  width: z.int().min(8),
  layers: z.int().min(1),
  heads: z.int().min(1),
  /** Longest sequence in tokens. */
  context: z.int().min(8).default(256),
  /** `bytes`, a tokenizer.json, or the folder of one. */
  tokenizer: z.string().default('bytes'),
});

const withMethods =
  <T>(...methods: readonly string[]) =>
  (value: unknown): value is T =>
    typeof value === 'object' &&
    value !== null &&
    methods.every((name) => typeof (value as { readonly [name: string]: unknown })[name] === 'function');

const isTransform = (value: unknown): value is Transform =>
  typeof (value as Transform | null)?.name === 'string' && typeof (value as Transform).options === 'object';

const continualSchema = z.strictObject({
  /** The default output folder is `sluice-out/<name>`. */
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'letters a-z, digits, - and _'),
  description: z.string().default(''),
  /** Files, folders or globs, or run directories; `--input` replaces them. */
  input: z.array(z.string()).default([]),
  read: readOptions.prefault({}),
  /** Steps of curation. A run directory that has tokens is taken as it is. */
  steps: z.array(z.custom<Operator>(isOperator, 'an operator of Sluice')).default([]),
  expected: expectedBands.prefault({}),
  /** `prose` (the model that ships), the folder of a model, or the shape of a new one. */
  model: z.union([z.string(), newModelShape]).default('prose'),
  /** How often each domain of the new data is drawn. */
  mixture: z
    .custom<Scheduler>(withMethods('start', 'next'), 'a mixture scheduler')
    .default(() => proportional() as Scheduler),
  /** Old data, of which a share of every step is drawn; the number of tokens stays. */
  replay: z
    .strictObject({
      /** As `input`. None: nothing is replayed. */
      input: z.array(z.string()).default([]),
      share: z.number().gt(0).lt(1).default(0.05),
    })
    .prefault({}),
  training: z
    .strictObject({
      /** Tokens to train on, over all domains. */
      tokens: z.int().min(1).default(250_000),
      /** Tokens of a sequence. */
      context: z.int().min(8).default(256),
      /** Sequences of a step. */
      sequences: z.int().min(1).default(8),
      /** Parts that a step is computed in, with the memory of one. */
      accumulate: z.int().min(1).default(1),
      /** The highest. */
      learningRate: z.number().gt(0).default(1e-3),
      schedule: z.custom<Schedule>(withMethods('factor'), 'a schedule').default(() => rewarm()),
      weightDecay: z.number().min(0).default(0.1),
      /** Largest global norm of the gradients. */
      clip: z.number().gt(0).default(1),
      beta1: z.number().min(0).lt(1).default(0.9),
      beta2: z.number().min(0).lt(1).default(0.95),
      /** Whether embeddings decay as other matrices do. */
      embeddingDecay: z.boolean().default(true),
      /** Rows of the token embedding share one second moment. */
      coupledAdam: z.boolean().default(false),
      /** `dropout()`, `lora()` and their like, in order. */
      transforms: z.array(z.custom<Transform>(isTransform, 'a transform of sluice/training')).default([]),
      /** The losses of step s act on the mixture from step s + lag on. */
      lag: z.int().min(1).default(8),
    })
    .prefault({}),
  /** Documents that are never trained on. */
  heldOut: z
    .strictObject({
      /** Tokens of each domain that a measurement reads, about. */
      tokens: z.int().min(1).default(8192),
      /** Share of a domain that they may take at most. */
      share: z.number().gt(0).lt(1).default(0.05),
    })
    .prefault({}),
  /** Steps between two measurements; before and after the training there is one as well. Default: a quarter of it. */
  measureEvery: z.int().min(1).nullable().default(null),
  /** After the training: steps on its own text that bring a forgotten domain back. The model stays as it is. */
  revival: z
    .strictObject({
      /** Steps that are tried; 0: they are not counted. */
      most: z.int().min(0).default(0),
      /** Steps between two measurements. */
      every: z.int().min(1).default(5),
      /** How much more bits per byte than before still count as back, as a share. */
      tolerance: z.number().min(0).default(0.01),
    })
    .prefault({}),
  checkpoints: z
    .strictObject({
      /** Steps between two. */
      saveEvery: z.int().min(1).default(25),
      /** Newest ones that are kept. */
      last: z.int().min(2).default(2),
      /** Whether that with the fewest bits per byte is kept. */
      best: z.boolean().default(true),
      /** Those of every so many steps are kept too. */
      every: z.int().min(1).nullable().default(null),
    })
    .prefault({}),
  /** Of the order of sequences, of what is held out, and of new weights. */
  seed: z.int().min(0).default(0),
});

export type ContinualInput = z.input<typeof continualSchema>;

/** A checked recipe that trains a model on. */
export interface Continual extends Omit<z.output<typeof continualSchema>, 'steps' | 'read' | 'expected'> {
  readonly kind: 'continual';
  readonly steps: readonly Operator[];
  readonly read: ReadOptions;
  readonly expected: Expected;
}

/**
 * A recipe for `sluice train`: what to curate and how, which model to go on with, and along which schedule. Unknown
 * keys are errors.
 */
export function continual(input: ContinualInput): Continual {
  const name = typeof input?.name === 'string' ? ` ${input.name}` : '';
  return { kind: 'continual', ...parseOptions(continualSchema, input, `continual${name}`) };
}

export function isContinual(value: unknown): value is Continual {
  const { kind } = (value ?? {}) as { readonly kind?: unknown };
  return kind === 'continual';
}

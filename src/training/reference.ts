import * as z from 'zod';
import { parseOptions } from '../options.ts';
import { type ReadOptions, readOptions } from '../streams/inputs/read-options.ts';
import type { Operator } from '../streams/operator.ts';

const isOperator = (value: unknown): value is Operator =>
  typeof value === 'function' && typeof (value as Partial<Operator>).descriptor === 'object';

const share = z.number().gt(0).lt(1);

export const referenceSchema = z.strictObject({
  /** The default output folder is `sluice-out/<name>`. */
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'letters a-z, digits, - and _'),
  description: z.string().default(''),
  /** Globs, folders or files; `--input` replaces them. */
  input: z.array(z.string()).default([]),
  read: readOptions.prefault({}),
  /** Steps that documents pass before they are trained on: what they drop is not trained on. */
  steps: z.array(z.custom<Operator>(isOperator, 'an operator of Sluice')).default([]),
  /** Domains to train on. Default: all. */
  domains: z.array(z.string()).nullable().default(null),
  /**
   * What must not stand on both sides of a split: a dotted field of the record (`metadata.group`: the book or site a
   * document is cut from), or `text`. A document without the field is a group of its own.
   */
  groupBy: z
    .string()
    .regex(/^(text|metadata(\.[^.]+)+)$/, '`text` or `metadata.<field>`')
    .default('metadata.group'),
  /** Shares of the groups. What is left is neither trained on nor measured on, and may be scored. */
  shares: z
    .strictObject({ train: share.default(0.5), heldOut: share.default(0.02) })
    .refine((s) => s.train + s.heldOut <= 1, 'shares that add up to at most 1')
    .prefault({}),
  /** Seed of the split, the first weights and the order of the samples. */
  seed: z.int().min(0).default(0),
  /** Shape of the model; weights begin at random. Default: 0.9 M parameters over bytes. */
  model: z
    .strictObject({
      family: z.enum(['gpt2', 'neox', 'llama']).default('llama'),
      width: z.int().min(8).default(128),
      layers: z.int().min(1).default(4),
      heads: z.int().min(1).default(4),
      /** Longest sequence in tokens. */
      context: z.int().min(8).default(256),
      /**
       * Token ids. 257: the bytes of UTF-8 and the start of a document. More: byte pairs, learnt from the training side
       * (a tokenizer.json).
       */
      vocabulary: z.int().min(257).max(65_536).default(257),
      /** Of the saved weights; training is in float32. */
      dtype: z.enum(['float32', 'bfloat16', 'float16']).default('float32'),
    })
    .prefault({}),
  training: z
    .strictObject({
      /** Tokens to train on; more than the training split has means epochs, which are counted and said. */
      tokens: z.int().min(1).default(20_000_000),
      /** Sequences of `model.context` tokens in one step. */
      rows: z.int().min(1).default(8),
      /** Highest learning rate; it rises over `warmup` of the steps and falls along a cosine to `final` of itself. */
      learningRate: z.number().gt(0).default(2e-3),
      warmup: z.number().min(0).max(1).default(0.02),
      final: z.number().min(0).max(1).default(0.1),
      weightDecay: z.number().min(0).default(0.1),
      /** Largest global norm of the gradients. */
      clip: z.number().gt(0).default(1),
      /** Steps between two measurements on held-out documents, and between two checkpoints. */
      evaluateEvery: z.int().min(1).default(500),
      /** Tokens of each domain that a measurement reads. */
      heldOutTokens: z.int().min(1).default(16_384),
    })
    .prefault({}),
});

export type ReferenceInput = z.input<typeof referenceSchema>;

/** A checked recipe for a reference model. */
export interface Reference extends Omit<z.output<typeof referenceSchema>, 'steps' | 'read'> {
  readonly kind: 'reference';
  readonly steps: readonly Operator[];
  readonly read: ReadOptions;
}

/**
 * A recipe for `sluice train-reference`: which part of which documents a small model is trained on, and how. Unknown
 * keys are errors.
 */
export function reference(input: ReferenceInput): Reference {
  const name = typeof input?.name === 'string' ? ` ${input.name}` : '';
  return { kind: 'reference', ...parseOptions(referenceSchema, input, `reference${name}`) };
}

/** What decides the weights, as plain data. */
export function referenceIdentity(r: Reference): object {
  const { kind: _, steps, input: __, description: ___, ...rest } = r;
  return { ...rest, steps: steps.map((s) => s.descriptor) };
}

/**
 * The part that a training that goes on must agree with: all but its length, which may be changed on the way (and is
 * recorded).
 */
export function resumableIdentity(r: Reference, input: readonly string[]): object {
  const { tokens: _, ...training } = r.training;
  return { input, ...referenceIdentity(r), training };
}

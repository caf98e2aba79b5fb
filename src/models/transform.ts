import { ConfigError } from '../errors.ts';
import type { Hooks, WeightSource } from './architectures/blocks.ts';
import type { Tensors } from './executors/executor.ts';
import type { GraphBuilder, Value } from './graph/graph.ts';
import type { LanguageModel, LanguageModelConfig } from './language-model.ts';
import type { DataType } from './tensor.ts';

/** What an adapter belongs to. */
export interface AdapterOrigin {
  readonly config: LanguageModelConfig;
  /** Folder or name of the model that was adapted; null: not known. */
  readonly base: string | null;
}

/** Which part of a training is computed: `part` counts the batches of one step from 0. */
export interface StepPart {
  /** 1 for the first. */
  readonly step: number;
  readonly part: number;
}

/** A model's last hidden states and what they are to predict. */
export interface LossInputs {
  /** [n, width], n = B x T. */
  readonly hidden: Value;
  /** Weight of the output layer [vocabulary, width]. */
  readonly output: Value;
}

/** What a transform does to the computation of a model and to its loss. */
export interface TransformHooks extends Hooks {
  /** Loss [n] of every token, from what it was before, in nats. */
  readonly loss?: (perToken: Value, inputs: LossInputs) => Value;
}

/** The graph that a transform is built into. */
export interface TransformPlace {
  readonly graph: GraphBuilder;
  readonly config: LanguageModelConfig;
  /** B and T. */
  readonly rows: number;
  readonly length: number;
  /** Where it is false, as in an evaluation, a transform has no feeds and leaves the loss alone. */
  readonly training: boolean;
  readonly weights: WeightSource;
  /** An input that `feeds` gives; its name is that of the transform, a dot and this one. */
  feed(name: string, shape: readonly number[], type?: DataType): Value;
  /** A weight of the transform's own, float32, that the optimizer trains; named in the same way. */
  trained(name: string, shape: readonly number[]): Value;
}

/** A change of what is trained, and how: part of a training graph, with what it is fed and the state it adds. */
export interface Transform {
  /** First part of the names of its feeds and of its state. */
  readonly name: string;
  /** What decides what it does, as JSON: a training refuses to go on with another. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Throws for a model that it cannot be used with. */
  readonly check?: (config: LanguageModelConfig) => void;
  /** Which weights of the model are trained; of several transforms, those that every one trains. Default all. */
  readonly trains?: (name: string, shape: readonly number[], config: LanguageModelConfig) => boolean;
  readonly build?: (place: TransformPlace) => TransformHooks;
  /**
   * Its feeds for one batch [B, T], without the name of the transform in front. A function of its arguments, so that a
   * resumed training is fed the same.
   */
  readonly feeds?: (at: StepPart, batch: Tensors, config: LanguageModelConfig) => Tensors | Promise<Tensors>;
  /** First values of the weights that it adds, without the name of the transform in front. */
  readonly state?: (config: LanguageModelConfig) => Tensors;
  /** The model with what the transform has learned in its own weights. */
  readonly merged?: (model: LanguageModel, state: Tensors) => LanguageModel;
  /** Writes what it has learned in its own weights into a folder, beside or without the model. */
  readonly save?: (folder: string, origin: AdapterOrigin, state: Tensors) => Promise<void>;
}

/** Throws for two transforms of one name, and for a model that one of them cannot be used with. */
export function checkTransforms(transforms: readonly Transform[], config: LanguageModelConfig): void {
  const names = transforms.map((t) => t.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new ConfigError({ expected: 'transforms of different names', got: `'${twice}' twice`, where: 'training' });
  for (const { check } of transforms) check?.(config);
}

/** All hooks one after another. */
export function joinedHooks(all: readonly TransformHooks[]): Required<TransformHooks> {
  const chain = <K extends keyof TransformHooks>(key: K) =>
    all.map((h) => h[key]).filter((f): f is NonNullable<TransformHooks[K]> => f !== undefined);
  const [products, residuals, shares, losses] = [chain('product'), chain('residual'), chain('shares'), chain('loss')];
  return {
    product: (y, x, name) => products.reduce((v, f) => f(v, x, name), y),
    residual: (x, place) => residuals.reduce((v, f) => f(v, place), x),
    shares: (x, layer, block) => shares.reduce((v, f) => f(v, layer, block), x),
    loss: (perToken, inputs) => losses.reduce((v, f) => f(v, inputs), perToken),
  };
}

/** Tensors under the name of a transform. */
export const named = ({ name }: Transform, tensors: Tensors): Tensors =>
  new Map([...tensors].map(([key, tensor]) => [`${name}.${key}`, tensor]));

import { InvariantError } from '../errors.ts';
import type { Executor, Session, Tensors } from './executors/executor.ts';
import type { Graph } from './graph/graph.ts';
import type { LanguageModel } from './language-model.ts';
import type { Tensor } from './tensor.ts';
import {
  evaluationGraph,
  gradientGraph,
  type TrainingOptions,
  trainedModel,
  trainingGraph,
  trainingState,
  updateGraph,
} from './training-graph.ts';
import { named, type StepPart } from './transform.ts';

/** One step of a training, told. */
export interface TrainedStep {
  /** sum(weight x nll) / sum(weight) over all targets of the step, in nats. */
  readonly loss: number;
  /** Global norm of the gradients, before clipping. */
  readonly gradientNorm: number;
  /** Of every row of every batch, in order: sum of the nll, and number, of its targets with a weight above 0. */
  readonly rows: readonly { readonly nll: number; readonly targets: number }[];
}

/** A model in training. Steps and evaluations take turns; they must not overlap. */
export interface Trainer {
  /**
   * One step on one batch, or on several of equal shape as if they were one large batch (to float32).
   *
   * @param batches each as `packedRows` makes it for the rows and the length of the trainer
   * @param step 1 for the first
   */
  step(batches: readonly Tensors[], step: number, learningRate: number): Promise<TrainedStep>;
  /** Negative log-likelihood [B, T] in nats of every target, 0 where there is none. Changes nothing. */
  evaluate(batch: Tensors): Promise<Tensor>;
  /** Trained weights and moments, between two steps: what `openTrainer` takes to go on, bit for bit. */
  readState(): Promise<Tensors>;
  /** The model as it is now. */
  model(): Promise<LanguageModel>;
  release(): Promise<void>;
}

/**
 * Opens a model for training. Graphs for accumulation and evaluation are opened when they are first needed; they share
 * the weights.
 *
 * @param state from `readState` of an earlier trainer of the same options; default: the model's weights, moments of 0
 */
export async function openTrainer(
  executor: Executor,
  model: LanguageModel,
  options: TrainingOptions,
  state: Tensors | null = null,
): Promise<Trainer> {
  const { config } = model;
  const { transforms = [] } = options;
  const valuesOf = (graph: Graph): Tensors => new Map([...trainingState(model, graph, transforms), ...(state ?? [])]);
  const graph = trainingGraph(config, options);
  const main = await executor.open(graph, valuesOf(graph));
  const opened = new Map<string, Promise<Session>>();
  const shared = (key: string, build: typeof trainingGraph): Promise<Session> => {
    const known = opened.get(key);
    if (known) return known;
    const other = build(config, options);
    const session = executor.open(other, valuesOf(other), main);
    opened.set(key, session);
    return session;
  };
  const scalar = (x: number): Tensor => ({ shape: [], data: Float32Array.of(x) });
  const readState = () => main.readState();
  const fedWith = async (batch: Tensors, at: StepPart): Promise<Map<string, Tensor>> => {
    const feeds = new Map(batch);
    for (const transform of transforms)
      for (const [name, tensor] of named(transform, (await transform.feeds?.(at, batch, config)) ?? new Map()))
        feeds.set(name, tensor);
    return feeds;
  };
  return {
    async step(batches, step, learningRate) {
      if (batches.length === 0)
        throw new InvariantError({ expected: 'at least one batch', got: 'none', where: graph.name });
      const scalars = [['learning_rate', scalar(learningRate)] as const, ['step', scalar(step)] as const];
      if (batches.length === 1) {
        const out = await main.run(new Map([...(await fedWith(batches[0], { step, part: 0 })), ...scalars]));
        return { ...toldOf([out]), gradientNorm: out.get('gradient_norm')!.data[0] };
      }
      const gradients = await shared('gradients', gradientGraph);
      const parts: Tensors[] = [];
      for (const [part, batch] of batches.entries())
        parts.push(await gradients.run(await fedWith(batch, { step, part })));
      const out = await (await shared('update', updateGraph)).run(new Map(scalars));
      return { ...toldOf(parts), gradientNorm: out.get('gradient_norm')!.data[0] };
    },
    async evaluate(batch) {
      const feeds = new Map([...batch].filter(([name]) => name !== 'target_weights'));
      return (await (await shared('evaluation', evaluationGraph)).run(feeds)).get('nll')!;
    },
    readState,
    model: async () => trainedModel(model, await readState(), transforms),
    async release() {
      for (const session of opened.values()) await (await session).release();
      await main.release();
    },
  };
}

/** Loss and rows of the parts of a step. */
function toldOf(parts: readonly Tensors[]): Pick<TrainedStep, 'loss' | 'rows'> {
  const number = (part: Tensors, name: string) => part.get(name)!.data[0];
  const weight = parts.reduce((s, part) => s + number(part, 'weight'), 0);
  const weighted = parts.reduce((s, part) => s + number(part, 'loss') * number(part, 'weight'), 0);
  const rows = parts.flatMap((part) => {
    const targets = part.get('row_targets')!.data;
    return Array.from(part.get('row_nll')!.data, (nll, i) => ({ nll, targets: targets[i] }));
  });
  // Of one part as it came: dividing again what was multiplied could change its last digit.
  const loss = parts.length === 1 ? number(parts[0], 'loss') : weight > 0 ? weighted / weight : 0;
  return { loss, rows };
}

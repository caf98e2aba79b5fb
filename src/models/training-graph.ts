import { type AdamWOptions, adamW, clipping } from './adamw.ts';
import { architectures } from './architectures/index.ts';
import { differentiate } from './graph/differentiate.ts';
import { type Graph, GraphBuilder, type Value } from './graph/graph.ts';
import { divide, maximum, multiply, reshape, sum } from './graph/ops.ts';
import type { LanguageModel, LanguageModelConfig } from './language-model.ts';
import { negativeLogLikelihood } from './losses.ts';
import { type GraphSize, tokenInputs, weightInputs } from './scorers/scoring-graph.ts';
import { elementCount, type Tensor } from './tensor.ts';

export interface TrainingOptions extends GraphSize, AdamWOptions {
  /** Which weights are trained; default all. The others are fixed. */
  readonly trains?: (name: string, shape: readonly number[]) => boolean;
}

/**
 * One step of training: forward, backward, clipping of the gradients to a global norm, AdamW.
 *
 * Feeds: `tokens`, `positions`, `segments`, `targets` int32 [B, T] as in `scoringGraph`; `target_weights` float32 [B,
 * T], the weight of every target in the loss (0: not trained on); `learning_rate` float32 []; `step` float32 [], 1 for
 * the first. State: every trained weight under its name, and its moments under `adam.m.` and `adam.v.` + name
 * (`trainingState` makes the first). Outputs: `loss` float32 [], sum(weight x nll) / sum(weight); `nll` float32 [B, T],
 * of every target before the step; `gradient_norm` float32 [], before clipping.
 */
export function trainingGraph(config: LanguageModelConfig, options: TrainingOptions): Graph {
  const graph = new GraphBuilder();
  const { rows, length, trains = () => true } = options;
  const { inputs, targets } = tokenInputs(graph, config, { rows, length });
  const targetWeights = graph.input('target_weights', [rows, length]);
  const learningRate = graph.input('learning_rate', []);
  const step = graph.input('step', []);
  const architecture = architectures[config.family];
  const weights = weightInputs(graph, config, (name, shape) => (trains(name, shape) ? 'state' : 'weight'));
  const trained = [...architecture.weightShapes(config)].filter(([n, s]) => trains(n, s)).map(([n]) => n);

  const hidden = architecture.hidden(config, weights, inputs);
  const output = weights(architecture.outputWeight(config));
  const nll = negativeLogLikelihood(hidden, output, reshape(targets, [rows * length]));
  const perToken = reshape(nll, [rows, length]);
  const total = maximum(sum(targetWeights, [0, 1]), 1e-20);
  const loss = reshape(divide(sum(multiply(perToken, targetWeights), [0, 1]), total), []);

  const gradients = differentiate(loss, trained.map(weights));
  const { norm, scale } = clipping(gradients, options.clip ?? 1);
  const state = new Map<string, Value>();
  trained.forEach((name, i) => {
    const weight = weights(name);
    const m = graph.input(`adam.m.${name}`, weight.shape, 'float32', 'state');
    const v = graph.input(`adam.v.${name}`, weight.shape, 'float32', 'state');
    const next = adamW(name, { weight, gradient: gradients[i], m, v }, { learningRate, step, scale }, options);
    state.set(name, next.weight).set(`adam.m.${name}`, next.m).set(`adam.v.${name}`, next.v);
  });
  const outputs = new Map([
    ['loss', loss],
    ['nll', perToken],
    ['gradient_norm', norm],
  ]);
  return graph.finish(`${config.family} train ${rows}x${length}`, outputs, state);
}

/** What a training graph is opened with: the weights of a model and moments of zero. */
export function trainingState({ weights }: LanguageModel, graph: Graph): Map<string, Tensor> {
  const state = new Map<string, Tensor>(weights);
  for (const { name, value } of graph.inputs) {
    const { shape } = graph.values[value];
    if (name.startsWith('adam.')) state.set(name, { shape, data: new Float32Array(elementCount(shape)) });
  }
  return state;
}

/** The model after training: its weights, with those that a session's state has in their place. */
export function trainedModel({ config, weights }: LanguageModel, state: ReadonlyMap<string, Tensor>): LanguageModel {
  return { config, weights: new Map([...weights].map(([name, tensor]) => [name, state.get(name) ?? tensor])) };
}

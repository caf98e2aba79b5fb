import { type AdamWOptions, adamW, clipping } from './adamw.ts';
import type { WeightSource } from './architectures/blocks.ts';
import { architectures } from './architectures/index.ts';
import { differentiate } from './graph/differentiate.ts';
import { type Graph, GraphBuilder, type InputKind, type Value } from './graph/graph.ts';
import { add, divide, expand, less, maximum, multiply, reshape, subtract, sum } from './graph/ops.ts';
import type { LanguageModel, LanguageModelConfig } from './language-model.ts';
import { negativeLogLikelihood } from './losses.ts';
import { type GraphSize, scoringGraph, tokenInputs, weightInputs } from './scorers/scoring-graph.ts';
import { elementCount, type Tensor } from './tensor.ts';

export interface TrainingOptions extends GraphSize, AdamWOptions {
  /** Which weights are trained; default all. The others are fixed. */
  readonly trains?: (name: string, shape: readonly number[]) => boolean;
}

/**
 * One step of training: forward, backward, clipping of the gradients to a global norm, AdamW.
 *
 * Feeds: `tokens`, `positions`, `segments`, `targets` int32 [B, T] as in `scoringGraph` (`packedRows` makes them);
 * `target_weights` float32 [B, T], the weight of every target in the loss (0: not trained on); `learning_rate` float32
 * []; `step` float32 [], 1 for the first. State: every trained weight under its name, and its moments under `adam.m.`
 * and `adam.v.` + name (`trainingState` makes the first). Outputs: `loss` float32 [], sum(weight x nll) / sum(weight);
 * `weight` float32 [], sum(weight); `nll` float32 [B, T], of every target before the step; `row_nll` and `row_targets`
 * float32 [B], sum and number of those whose weight is above 0; `gradient_norm` float32 [], before clipping.
 */
export function trainingGraph(config: LanguageModelConfig, options: TrainingOptions): Graph {
  const { graph, loss, outputs, source, trained, name } = forward(config, options);
  const learningRate = graph.input('learning_rate', []);
  const step = graph.input('step', []);
  const gradients = differentiate(loss, trained.map(source));
  const { norm, scale } = clipping(gradients, options.clip ?? 1);
  const state = updated({ source, trained, gradients }, { learningRate, step, scale }, options);
  return graph.finish(`${name} train`, outputs.set('gradient_norm', norm), state);
}

/**
 * The gradients of one part of a step, added to those of the parts before: state `gradient.` + name of every trained
 * weight, of sum(weight x nll), and `gradient_weight` [], sum(weight). The weights are state that it does not change.
 * Feeds and outputs are those of `trainingGraph` but for `learning_rate`, `step` and `gradient_norm`. `updateGraph`
 * ends the step; of any number of parts it is that of one large batch, to float32. Opened over the session of a
 * training graph, all three have one state.
 */
export function gradientGraph(config: LanguageModelConfig, options: TrainingOptions): Graph {
  const { graph, weighted, total, outputs, source, trained, name } = forward(config, options);
  const gradients = differentiate(weighted, trained.map(source));
  const state = new Map<string, Value>();
  trained.forEach((weight, i) => {
    const before = graph.input(`gradient.${weight}`, source(weight).shape, 'float32', 'state');
    state.set(`gradient.${weight}`, add(before, gradients[i]));
  });
  state.set('gradient_weight', add(graph.input('gradient_weight', [], 'float32', 'state'), total));
  return graph.finish(`${name} gradients`, outputs, state);
}

/**
 * The step of the gradients that `gradientGraph` summed; sets them to 0. Feeds: `learning_rate`, `step` float32 [].
 * Output: `gradient_norm` float32 [], before clipping.
 */
export function updateGraph(config: LanguageModelConfig, options: TrainingOptions): Graph {
  const graph = new GraphBuilder();
  const source = weightInputs(graph, config, kindOf(options));
  const trained = trainedNames(config, options);
  const learningRate = graph.input('learning_rate', []);
  const step = graph.input('step', []);
  const gradients = trained.map((name) => graph.input(`gradient.${name}`, source(name).shape, 'float32', 'state'));
  const total = maximum(graph.input('gradient_weight', [], 'float32', 'state'), SMALLEST_TOTAL);
  const { norm, scale } = clipping(gradients, options.clip ?? 1, total);
  const state = updated({ source, trained, gradients }, { learningRate, step, scale }, options);
  const zeros = (shape: readonly number[]) => expand(graph.scalar(0), shape);
  trained.forEach((name, i) => {
    state.set(`gradient.${name}`, zeros(gradients[i].shape));
  });
  state.set('gradient_weight', graph.scalar(0));
  return graph.finish(`${config.family} update`, new Map([['gradient_norm', norm]]), state);
}

/** `scoringGraph` over the weights of a training session: it reads its state and changes none. */
export function evaluationGraph(config: LanguageModelConfig, options: TrainingOptions): Graph {
  return scoringGraph(config, options, kindOf(options));
}

/** What a training graph is opened with: the weights of a model, and moments and gradients of zero. */
export function trainingState({ weights }: LanguageModel, graph: Graph): Map<string, Tensor> {
  const state = new Map<string, Tensor>(weights);
  for (const { name, value } of graph.inputs) {
    const { shape } = graph.values[value];
    if (/^(adam|gradient)[._]/.test(name)) state.set(name, { shape, data: new Float32Array(elementCount(shape)) });
  }
  return state;
}

/** The model after training: its weights, with those that a session's state has in their place. */
export function trainedModel({ config, weights }: LanguageModel, state: ReadonlyMap<string, Tensor>): LanguageModel {
  return { config, weights: new Map([...weights].map(([name, tensor]) => [name, state.get(name) ?? tensor])) };
}

/** A batch without any target has a loss of 0. */
const SMALLEST_TOTAL = 1e-20;

const kindOf =
  ({ trains = () => true }: TrainingOptions) =>
  (name: string, shape: readonly number[]): InputKind =>
    trains(name, shape) ? 'state' : 'weight';

function trainedNames(config: LanguageModelConfig, { trains = () => true }: TrainingOptions): string[] {
  return [...architectures[config.family].weightShapes(config)].filter(([n, s]) => trains(n, s)).map(([n]) => n);
}

/** The loss of a batch, and what is told about it. */
function forward(config: LanguageModelConfig, options: TrainingOptions) {
  const graph = new GraphBuilder();
  const { rows, length } = options;
  const { inputs, targets } = tokenInputs(graph, config, { rows, length });
  const targetWeights = graph.input('target_weights', [rows, length]);
  const architecture = architectures[config.family];
  const source = weightInputs(graph, config, kindOf(options));
  const hidden = architecture.hidden(config, source, inputs);
  const output = source(architecture.outputWeight(config));
  const nll = negativeLogLikelihood(hidden, output, reshape(targets, [rows * length]));
  const perToken = reshape(nll, [rows, length]);
  const total = sum(targetWeights, [0, 1]);
  const weighted = sum(multiply(perToken, targetWeights), [0, 1]);
  const loss = reshape(divide(weighted, maximum(total, SMALLEST_TOTAL)), []);
  const scored = subtract(graph.scalar(1), less(targets, 0));
  const counted = multiply(scored, less(graph.scalar(0), targetWeights));
  const ofRow = (x: Value) => reshape(sum(x, [1]), [rows]);
  const outputs = new Map([
    ['loss', loss],
    ['weight', reshape(total, [])],
    ['nll', perToken],
    ['row_nll', ofRow(multiply(perToken, counted))],
    ['row_targets', ofRow(counted)],
  ]);
  return {
    graph,
    loss,
    weighted: reshape(weighted, []),
    total: reshape(total, []),
    outputs,
    source,
    trained: trainedNames(config, options),
    name: `${config.family} ${rows}x${length}`,
  };
}

interface Gradients {
  readonly source: WeightSource;
  readonly trained: readonly string[];
  readonly gradients: readonly Value[];
}

/** Weights and moments after a step, by name. */
function updated(
  { source, trained, gradients }: Gradients,
  scalars: Parameters<typeof adamW>[2],
  options: TrainingOptions,
): Map<string, Value> {
  const state = new Map<string, Value>();
  trained.forEach((name, i) => {
    const weight = source(name);
    const m = weight.graph.input(`adam.m.${name}`, weight.shape, 'float32', 'state');
    const v = weight.graph.input(`adam.v.${name}`, weight.shape, 'float32', 'state');
    const next = adamW(name, { weight, gradient: gradients[i], m, v }, scalars, options);
    state.set(name, next.weight).set(`adam.m.${name}`, next.m).set(`adam.v.${name}`, next.v);
  });
  return state;
}

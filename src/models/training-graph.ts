import { type AdamWOptions, adamW, adamWNumbers, clipping, type StepScalars, type WeightRule } from './adamw.ts';
import { architectures } from './architectures/index.ts';
import type { Tensors } from './executors/executor.ts';
import { differentiate } from './graph/differentiate.ts';
import { type AdamWUpdate, type Graph, GraphBuilder, type Value } from './graph/graph.ts';
import { add, divide, expand, less, maximum, multiply, reshape, subtract, sum } from './graph/ops.ts';
import type { LanguageModel, LanguageModelConfig } from './language-model.ts';
import { negativeLogLikelihood } from './losses.ts';
import { type GraphSize, tokenInputs, weightInputs } from './scorers/scoring-graph.ts';
import { elementCount, type Tensor } from './tensor.ts';
import { checkTransforms, joinedHooks, named, type Transform, type TransformPlace } from './transform.ts';

export interface TrainingOptions extends GraphSize, AdamWOptions {
  /** Which weights are trained; default all. The others are fixed. */
  readonly trains?: (name: string, shape: readonly number[]) => boolean;
  /** Changes of the graph, in order; default none. */
  readonly transforms?: readonly Transform[];
}

/**
 * One step of training: forward, backward, clipping of the gradients to a global norm, AdamW.
 *
 * Feeds: `tokens`, `positions`, `segments`, `targets` int32 [B, T] as in `scoringGraph` (`packedRows` makes them);
 * `target_weights` float32 [B, T], the weight of every target in the loss (0: not trained on); `learning_rate` float32
 * []; `step` float32 [], 1 for the first. State: every trained weight under its name, and its moments under `adam.m.`
 * and `adam.v.` + name (`trainingState` makes the first). Outputs: `loss` float32 [], sum(weight x nll) / sum(weight);
 * `weight` float32 [], sum(weight); `nll` float32 [B, T], of every target before the step; `row_nll` and `row_targets`
 * float32 [B], sum and number of those whose weight is above 0; `gradient_norm` float32 [], before clipping. A
 * transform adds feeds and state under its own name, and may add to the loss of every token: `nll` stays what it was.
 */
export function trainingGraph(config: LanguageModelConfig, options: TrainingOptions): Graph {
  const built = withLoss(config, options);
  const { graph, loss, trained, outputs } = built;
  const learningRate = graph.input('learning_rate', []);
  const step = graph.input('step', []);
  const gradients = differentiate(loss, [...trained.values()]);
  const { norm, scale } = clipping(gradients, options.clip ?? 1);
  const { state, updates } = updated(config, trained, gradients, { learningRate, step, scale }, options);
  return graph.finish(`${built.name} train`, outputs.set('gradient_norm', norm), state, updates);
}

/**
 * The gradients of one part of a step, added to those of the parts before: state `gradient.` + name of every trained
 * weight, of sum(weight x nll), and `gradient_weight` [], sum(weight). The weights are state that it does not change.
 * Feeds and outputs are those of `trainingGraph` but for `learning_rate`, `step` and `gradient_norm`. `updateGraph`
 * ends the step; of any number of parts it is that of one large batch, to float32. Opened over the session of a
 * training graph, all three have one state.
 */
export function gradientGraph(config: LanguageModelConfig, options: TrainingOptions): Graph {
  const { graph, weighted, total, outputs, trained, name } = withLoss(config, options);
  const gradients = differentiate(weighted, [...trained.values()]);
  const state = new Map<string, Value>();
  [...trained].forEach(([weight, { shape }], i) => {
    const before = graph.input(`gradient.${weight}`, shape, 'float32', 'state');
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
  // Without the feeds of a batch: as in an evaluation.
  const { graph, trained } = begun(config, options, false);
  const learningRate = graph.input('learning_rate', []);
  const step = graph.input('step', []);
  const gradients = [...trained].map(([name, { shape }]) => graph.input(`gradient.${name}`, shape, 'float32', 'state'));
  const total = maximum(graph.input('gradient_weight', [], 'float32', 'state'), SMALLEST_TOTAL);
  const { norm, scale } = clipping(gradients, options.clip ?? 1, total);
  const { state, updates } = updated(config, trained, gradients, { learningRate, step, scale }, options);
  for (const [name, { shape }] of trained) state.set(`gradient.${name}`, expand(graph.scalar(0), shape));
  state.set('gradient_weight', graph.scalar(0));
  return graph.finish(`${config.family} update`, new Map([['gradient_norm', norm]]), state, updates);
}

/**
 * The scores of the model in training: feeds and output of `scoringGraph`. Over the session of a training graph it
 * reads its state and changes none. Of transforms only their own weights are in it.
 */
export function evaluationGraph(config: LanguageModelConfig, options: TrainingOptions): Graph {
  const { graph, nll, scored, name } = forward(config, options, false);
  return graph.finish(`${name} evaluate`, new Map([['nll', multiply(nll, scored)]]));
}

/** What a training graph is opened with: the weights of a model and of transforms, moments and gradients of zero. */
export function trainingState(
  { config, weights }: LanguageModel,
  graph: Graph,
  transforms: readonly Transform[] = [],
): Map<string, Tensor> {
  const state = new Map<string, Tensor>(weights);
  for (const transform of transforms)
    for (const [name, tensor] of named(transform, transform.state?.(config) ?? new Map())) state.set(name, tensor);
  for (const { name, value } of graph.inputs) {
    const { shape } = graph.values[value];
    if (/^(adam|gradient)[._]/.test(name)) state.set(name, { shape, data: new Float32Array(elementCount(shape)) });
  }
  return state;
}

/** The model after training: its weights, with those that a session's state has in their place. */
export function trainedModel(
  { config, weights }: LanguageModel,
  state: Tensors,
  transforms: readonly Transform[] = [],
): LanguageModel {
  const own = { config, weights: new Map([...weights].map(([name, tensor]) => [name, state.get(name) ?? tensor])) };
  return transforms.reduce<LanguageModel>((model, { merged }) => merged?.(model, state) ?? model, own);
}

/** A batch without any target has a loss of 0. */
const SMALLEST_TOTAL = 1e-20;

/** A graph with the weights of a model and what transforms add; `trained`: every value that is trained, by name. */
function begun(config: LanguageModelConfig, options: TrainingOptions, training: boolean) {
  const { rows, length, transforms = [] } = options;
  checkTransforms(transforms, config);
  const trains = (name: string, shape: readonly number[]) =>
    (options.trains?.(name, shape) ?? true) && transforms.every((t) => t.trains?.(name, shape, config) ?? true);
  const graph = new GraphBuilder();
  const source = weightInputs(graph, config, (name, shape) => (trains(name, shape) ? 'state' : 'weight'));
  const trained = new Map<string, Value>();
  for (const [name, shape] of architectures[config.family].weightShapes(config))
    if (trains(name, shape)) trained.set(name, source(name));
  const hooks = transforms.map((t) => {
    const place: TransformPlace = {
      ...{ graph, config, rows, length, training, weights: source },
      feed: (name, shape, type) => graph.input(`${t.name}.${name}`, shape, type),
      trained(name, shape) {
        const whole = `${t.name}.${name}`;
        const value = trained.get(whole) ?? graph.input(whole, shape, 'float32', 'state');
        trained.set(whole, value);
        return value;
      },
    };
    return t.build?.(place) ?? {};
  });
  return { graph, source, trained, hooks: joinedHooks(hooks) };
}

/** The negative log-likelihood of every target, and where there is one. */
function forward(config: LanguageModelConfig, options: TrainingOptions, training: boolean) {
  const { rows, length } = options;
  const { graph, source, trained, hooks } = begun(config, options, training);
  const { inputs, targets } = tokenInputs(graph, config, { rows, length });
  const architecture = architectures[config.family];
  const hidden = architecture.hidden(config, source, inputs, hooks);
  const output = source(architecture.outputWeight(config));
  const perToken = negativeLogLikelihood(hidden, output, reshape(targets, [rows * length]));
  const nll = reshape(perToken, [rows, length]);
  const scored = subtract(graph.scalar(1), less(targets, 0));
  return { graph, trained, hooks, hidden, output, perToken, nll, scored, name: `${config.family} ${rows}x${length}` };
}

/** The loss of a batch, and what is told about it. */
function withLoss(config: LanguageModelConfig, options: TrainingOptions) {
  const { rows, length } = options;
  const { graph, trained, hooks, hidden, output, perToken, nll, scored, name } = forward(config, options, true);
  const targetWeights = graph.input('target_weights', [rows, length]);
  const total = sum(targetWeights, [0, 1]);
  const losses = reshape(hooks.loss(perToken, { hidden, output }), [rows, length]);
  const weighted = sum(multiply(losses, targetWeights), [0, 1]);
  const loss = reshape(divide(weighted, maximum(total, SMALLEST_TOTAL)), []);
  const counted = multiply(scored, less(graph.scalar(0), targetWeights));
  const ofRow = (x: Value) => reshape(sum(x, [1]), [rows]);
  const outputs = new Map([
    ['loss', loss],
    ['weight', reshape(total, [])],
    ['nll', nll],
    ['row_nll', ofRow(multiply(nll, counted))],
    ['row_targets', ofRow(counted)],
  ]);
  return { graph, name, loss, weighted: reshape(weighted, []), total: reshape(total, []), outputs, trained };
}

/** How a weight is stepped. */
function ruleOf(config: LanguageModelConfig, options: TrainingOptions) {
  const { embeddings, outputWeight } = architectures[config.family];
  const { embeddingDecay = true, coupledAdam = false, decays = (_, { length }) => length >= 2 } = options;
  return (name: string, shape: readonly number[]): WeightRule => ({
    decays: decays(name, shape) && (embeddingDecay || !embeddings.includes(name)),
    coupled: coupledAdam && (name === embeddings[0] || name === outputWeight(config)),
  });
}

/** Weights and moments after a step, by name, and which of them an executor may compute by itself. */
function updated(
  config: LanguageModelConfig,
  trained: ReadonlyMap<string, Value>,
  gradients: readonly Value[],
  scalars: StepScalars,
  options: TrainingOptions,
): { state: Map<string, Value>; updates: AdamWUpdate[] } {
  const state = new Map<string, Value>();
  const updates: AdamWUpdate[] = [];
  const rule = ruleOf(config, options);
  const { beta1, beta2, epsilon, weightDecay } = adamWNumbers(options);
  [...trained].forEach(([weight, value], i) => {
    const rules = rule(weight, value.shape);
    const { graph, shape } = value;
    const [m, v] = [`adam.m.${weight}`, `adam.v.${weight}`];
    const gradient = gradients[i];
    const moments = {
      m: graph.input(m, shape, 'float32', 'state'),
      v: graph.input(v, rules.coupled ? shape.with(0, 1) : shape, 'float32', 'state'),
    };
    const next = adamW(rules, { weight: value, gradient, ...moments }, scalars, options);
    state.set(weight, next.weight).set(m, next.m).set(v, next.v);
    if (rules.coupled) return;
    updates.push({
      ...{ weight, m, v, gradient: gradient.id, scale: scalars.scale.id },
      ...{ learningRate: 'learning_rate', step: 'step' },
      ...{ decay: rules.decays ? weightDecay : 0, beta1, beta2, epsilon },
    });
  });
  return { state, updates };
}

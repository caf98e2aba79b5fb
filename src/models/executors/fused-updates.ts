import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { openAdamW } from '../../kernels/adamw.ts';
import type { AdamWFactors } from '../../kernels/reference/adamw.ts';
import { type AdamWUpdate, type Graph, neededFor } from '../graph/graph.ts';
import { outputName } from '../onnx/onnx.ts';
import type { Tensors } from './executor.ts';

type OrtTensors = Readonly<Record<string, OrtTensor>>;

/** A graph whose steps of AdamW are taken outside it, one pass each over weight, gradient and moments. */
export interface FusedUpdates {
  /** Without them; what they need are outputs. */
  readonly graph: Graph;
  /** Where its additional outputs go; null: into new tensors. */
  readonly fetches: Readonly<Record<string, OrtTensor | null>>;
  /** Takes the steps, in place: to be called after a run, with the state that went into it and what came out. */
  update(state: OrtTensors, results: OrtTensors, feeds: Tensors): void;
}

/**
 * Null where a graph has none. Fifteen operations of the graph read and write every weight and moment; this does once.
 *
 * @param buffer for a gradient of a shape; null where the runtime writes to none
 */
export async function fusedUpdates(
  graph: Graph,
  buffer: (shape: readonly number[]) => OrtTensor | null,
): Promise<FusedUpdates | null> {
  const { updates } = graph;
  if (updates.length === 0) return null;
  const adamW = await openAdamW();
  const inputs = new Map(graph.inputs.map(({ name, value }) => [value, name]));
  const computed = [...new Set(updates.flatMap((u) => [u.gradient, u.scale]))].filter((id) => !inputs.has(id));
  const nameOf = (id: number) => outputName(`update.${id}`);
  const taken = (state: OrtTensors, results: OrtTensors, id: number): Float32Array =>
    (inputs.has(id) ? state[inputs.get(id)!] : results[nameOf(id)]).data as Float32Array;
  return {
    graph: without(graph, computed),
    fetches: Object.fromEntries(computed.map((id) => [nameOf(id), buffer(graph.values[id].shape)])),
    update(state, results, feeds) {
      for (const update of updates) {
        const [weight, m, v] = [update.weight, update.m, update.v].map((name) => state[name].data as Float32Array);
        const [scale] = taken(state, results, update.scale);
        adamW(weight, taken(state, results, update.gradient), m, v, factorsOf(update, scale, feeds));
      }
    },
  };
}

/** A graph without its updates, and with more outputs; what nothing else needs is left out. */
function without(graph: Graph, computed: readonly number[]): Graph {
  const updated = new Set(graph.updates.flatMap(({ weight, m, v }) => [weight, m, v]));
  const outputs = [...graph.outputs, ...computed.map((value) => ({ name: `update.${value}`, value }))];
  const stateOutputs = graph.stateOutputs.filter(({ name }) => !updated.has(name));
  const { nodes, needed } = neededFor(
    graph.nodes,
    [...outputs, ...stateOutputs].map(({ value }) => value),
  );
  return {
    ...graph,
    ...{ nodes, outputs, stateOutputs, updates: [] },
    inputs: graph.inputs.filter(({ value }) => needed.has(value)),
    constants: new Map([...graph.constants].filter(([id]) => needed.has(id))),
  };
}

/** Rounded to float32 where the graph rounds. */
function factorsOf(update: AdamWUpdate, scale: number, feeds: Tensors): AdamWFactors {
  const [learningRate, step] = [update.learningRate, update.step].map((name) => feeds.get(name)!.data[0]);
  const { beta1, beta2, epsilon, decay } = update;
  const f = Math.fround;
  // 1 - beta^step, without losing the digits that matter at the first steps.
  const correction = (beta: number) => -Math.expm1(step * Math.log(beta));
  return {
    ...{ beta1: f(beta1), beta2: f(beta2), epsilon: f(epsilon) },
    keep: f(1 - f(learningRate * decay)),
    gradientM: f(scale * f(1 - beta1)),
    squareV: f(f(scale * scale) * f(1 - beta2)),
    rate: f(learningRate / correction(beta1)),
    correction: f(1 / correction(beta2)),
  };
}

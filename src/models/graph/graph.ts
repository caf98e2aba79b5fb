import { InvariantError } from '../../errors.ts';
import { type DataType, dataTypeOf, type Tensor } from '../tensor.ts';

/**
 * Version of what training and scoring compute, in what order, and of what executors make of it. It is raised by every
 * change that can change a last digit, so that a training that began before refuses to go on.
 */
export const GRAPHS = 5;

/** The operations that every executor can compute; `ops.ts` says what each one does. */
export type Op =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'maximum'
  | 'minimum'
  | 'equal'
  | 'less'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'tanh'
  | 'sigmoid'
  | 'erf'
  | 'gelu'
  | 'cast'
  | 'stopGradient'
  | 'matmul'
  | 'transpose'
  | 'reshape'
  | 'expand'
  | 'slice'
  | 'concat'
  | 'gather'
  | 'scatterAdd'
  | 'pick'
  | 'sum'
  | 'max'
  | 'softmax'
  | 'layerNorm';

/** How the normal distribution in GELU is computed: in Cephes' way, or by the formula with tanh of GPT-2. */
export type Gelu = 'tanh' | 'erf';

/** Settings of one node; which of them an operation reads is said in `ops.ts`. */
export interface NodeAttributes {
  readonly axis?: number;
  readonly axes?: readonly number[];
  readonly permutation?: readonly number[];
  readonly start?: number;
  readonly end?: number;
  readonly epsilon?: number;
  readonly gelu?: Gelu;
}

/** Shape and type of one value; its number is its index in `Graph.values`. */
export interface GraphValue {
  readonly shape: readonly number[];
  readonly type: DataType;
}

export interface GraphNode {
  readonly op: Op;
  readonly inputs: readonly number[];
  readonly output: number;
  readonly attributes: NodeAttributes;
}

/**
 * `feed`: given at every run. `weight`: given once, when the graph is opened. `state`: given once; every run replaces
 * it by the output of the same name.
 */
export type InputKind = 'feed' | 'weight' | 'state';

export interface GraphInput {
  readonly name: string;
  readonly value: number;
  readonly kind: InputKind;
}

/** Inputs of these kinds, in the order of the graph. */
export const inputsOf = (graph: Graph, kinds: readonly InputKind[]): readonly GraphInput[] =>
  graph.inputs.filter((input) => kinds.includes(input.kind));

export interface GraphOutput {
  readonly name: string;
  readonly value: number;
}

/**
 * The new state of one weight as one step of AdamW, so that an executor may compute it in one pass; the nodes of the
 * graph say the same. `weight`, `m` and `v` are names of state, `learningRate` and `step` of feeds, `gradient` and
 * `scale`, a factor of it, numbers of values.
 */
export interface AdamWUpdate {
  readonly weight: string;
  readonly m: string;
  readonly v: string;
  readonly gradient: number;
  readonly scale: number;
  readonly learningRate: string;
  readonly step: string;
  /** Share of the weight that is taken away, times the learning rate. */
  readonly decay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/**
 * A computation with static shapes: plain data, can be sent to a worker. Nodes stand in an order in which they can be
 * computed.
 */
export interface Graph {
  readonly name: string;
  readonly values: readonly GraphValue[];
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly GraphInput[];
  /** Without the new state: that has the names of the state inputs, in `stateOutputs`. */
  readonly outputs: readonly GraphOutput[];
  readonly stateOutputs: readonly GraphOutput[];
  readonly constants: ReadonlyMap<number, Tensor>;
  /** Which of the new state are steps of AdamW. */
  readonly updates: readonly AdamWUpdate[];
}

/** The nodes that values are computed by, in their order, and all values that have a part in it. */
export function neededFor(nodes: readonly GraphNode[], values: readonly number[]) {
  const needed = new Set(values);
  const kept: GraphNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!needed.has(node.output)) continue;
    kept.push(node);
    for (const id of node.inputs) needed.add(id);
  }
  return { nodes: kept.reverse(), needed };
}

/** A value while its graph is being built. */
export interface Value extends GraphValue {
  readonly id: number;
  readonly graph: GraphBuilder;
}

/** Collects nodes; equal nodes are made once. */
export class GraphBuilder {
  readonly values: Value[] = [];
  readonly nodes: GraphNode[] = [];
  private readonly inputs: GraphInput[] = [];
  private readonly constants = new Map<number, Tensor>();
  private readonly known = new Map<string, Value>();

  input(name: string, shape: readonly number[], type: DataType = 'float32', kind: InputKind = 'feed'): Value {
    const value = this.value(shape, type);
    this.inputs.push({ name, value: value.id, kind });
    return value;
  }

  constant(tensor: Tensor): Value {
    const key = tensor.data.length <= 8 ? `${dataTypeOf(tensor)} ${tensor.shape} ${[...tensor.data]}` : null;
    const known = key === null ? undefined : this.known.get(key);
    if (known) return known;
    const value = this.value(tensor.shape, dataTypeOf(tensor));
    this.constants.set(value.id, tensor);
    if (key !== null) this.known.set(key, value);
    return value;
  }

  scalar(x: number): Value {
    return this.constant({ shape: [], data: Float32Array.of(x) });
  }

  apply(op: Op, inputs: readonly Value[], shape: readonly number[], type: DataType, attributes: NodeAttributes = {}) {
    const stray = inputs.find((v) => v.graph !== this);
    if (stray)
      throw new InvariantError({ expected: `inputs of ${op} from one graph`, got: 'a value of another graph' });
    const ids = inputs.map((v) => v.id);
    const key = `${op} ${ids} ${shape} ${type} ${JSON.stringify(attributes)}`;
    const known = this.known.get(key);
    if (known) return known;
    const value = this.value(shape, type);
    this.nodes.push({ op, inputs: ids, output: value.id, attributes });
    this.known.set(key, value);
    return value;
  }

  /** The graph of what the outputs need. `state` holds, by name of the state input, the value that replaces it. */
  finish(
    name: string,
    outputs: ReadonlyMap<string, Value>,
    state: ReadonlyMap<string, Value> = new Map<string, Value>(),
    updates: readonly AdamWUpdate[] = [],
  ): Graph {
    const named = (map: ReadonlyMap<string, Value>) => [...map].map(([n, v]) => ({ name: n, value: v.id }));
    const { nodes, needed } = neededFor(
      this.nodes,
      [...outputs.values(), ...state.values()].map((v) => v.id),
    );
    return {
      name,
      values: this.values.map(({ shape, type }) => ({ shape, type })),
      nodes,
      inputs: this.inputs,
      outputs: named(outputs),
      stateOutputs: named(state),
      constants: new Map([...this.constants].filter(([id]) => needed.has(id))),
      updates,
    };
  }

  private value(shape: readonly number[], type: DataType): Value {
    const value: Value = { id: this.values.length, graph: this, shape, type };
    this.values.push(value);
    return value;
  }
}

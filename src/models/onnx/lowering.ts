import { InvariantError } from '../../errors.ts';
import type { Gelu, Graph, GraphNode, Op } from '../graph/graph.ts';
import { elementCount, type Tensor } from '../tensor.ts';

/** `webgpu` avoids operations that its provider would hand to the CPU. */
export type OnnxTarget = 'cpu' | 'webgpu';

export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly number[] }
  /** A one-axis int64 tensor. */
  | { readonly int64s: readonly number[] }
  | { readonly tensor: Tensor };

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** Tables of more rows than this are updated row by row, smaller ones by a product with a one-hot matrix. */
const ROWS_BY_PRODUCT = 2048;

/** exp(-50) is 2e-22: it is lost in a float32 sum of shares that is 1 or more, and no product with it is denormal. */
const NEGLIGIBLE = 50;

const SAME_NAME: Partial<Record<Op, string>> = {
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Mul',
  divide: 'Div',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  tanh: 'Tanh',
  sigmoid: 'Sigmoid',
  erf: 'Erf',
  matmul: 'MatMul',
  maximum: 'Max',
  minimum: 'Min',
};

/** Of the attribute `approximate`. */
const GELU: Record<Gelu, string> = { tanh: 'tanh', erf: 'none' };

/** The ONNX operations (set 20) of a graph, in order; `names` has the name of every value. */
export function nodesOf(graph: Graph, names: readonly string[], target: OnnxTarget): OnnxNode[] {
  const nodes: OnnxNode[] = [];
  let helpers = 0;
  const emit = (type: string, inputs: readonly string[], attributes: OnnxNode['attributes'] = {}, out?: string) => {
    const output = out ?? `:h${helpers++}`;
    nodes.push({ type, inputs, outputs: [output], attributes });
    return output;
  };
  const shared = new Map<string, string>();
  const int64s = (values: readonly number[]): string => {
    const key = `${values}`;
    const known = shared.get(key);
    if (known) return known;
    const name = emit('Constant', [], { value: { int64s: values } });
    shared.set(key, name);
    return name;
  };
  const madeBy = new Map(graph.nodes.map((n) => [n.output, n]));
  const masked = (id: number): boolean => madeBy.get(id)?.op === 'add';
  const joined = target === 'cpu' ? joinedProducts(graph) : new Map<number, GraphNode>();
  const inside = new Set([...joined.values()].map((n) => n.output));
  for (const node of graph.nodes) if (!inside.has(node.output)) lower(node);
  return nodes;

  /** x a + b of numbers a and b, in one pass: as the normalisation of one channel of mean 0 and variance 1. */
  function scaledAndShifted({ inputs: [x, a] }: GraphNode, b: number, shape: readonly number[], out: string): void {
    const channel = (value: number) =>
      emit('Constant', [], { value: { tensor: { shape: [1], data: Float32Array.of(value) } } });
    const number = (id: number) => channel(graph.constants.get(id)!.data[0]);
    const line = emit('Reshape', [names[x], int64s([1, 1, elementCount(shape)])]);
    const made = emit('BatchNormalization', [line, number(a), number(b), channel(0), channel(1)], {
      epsilon: { float: 0 },
    });
    emit('Reshape', [made, int64s(shape)], {}, out);
  }

  /**
   * Scores with those that a mask took far below the largest of their row brought up to `NEGLIGIBLE` below it. The
   * runtime's exponential of a masked score is a denormal number, and each costs a processor as much as a hundred
   * others, here and in every product that the share is in. No share of an ordinary score changes in any digit.
   */
  function raised(scores: string): string {
    const largest = emit('ReduceMax', [scores, int64s([-1])], { keepdims: { int: 1 } });
    const floor = emit('Constant', [], { value: { tensor: { shape: [], data: Float32Array.of(NEGLIGIBLE) } } });
    return emit('Max', [scores, emit('Sub', [largest, floor])]);
  }

  function lower({ op, inputs, output, attributes }: GraphNode): void {
    const [a, b, c] = inputs.map((id) => names[id]);
    const out = names[output];
    const { shape, type } = graph.values[output];
    const product = joined.get(output);
    if (product) {
      if (op === 'sum')
        emit('ReduceSumSquare', [names[product.inputs[0]], int64s(attributes.axes!)], { keepdims: { int: 1 } }, out);
      else scaledAndShifted(product, inputs[1], shape, out);
      return;
    }
    const same = SAME_NAME[op];
    if (same) {
      emit(
        same,
        inputs.map((id) => names[id]),
        {},
        out,
      );
      return;
    }
    switch (op) {
      case 'equal':
      case 'less':
        emit('Cast', [emit(op === 'equal' ? 'Equal' : 'Less', [a, b])], { to: { int: 1 } }, out);
        return;
      case 'cast':
        emit('Cast', [a], { to: { int: type === 'int32' ? 6 : 1 } }, out);
        return;
      case 'stopGradient':
        emit('Identity', [a], {}, out);
        return;
      case 'gelu':
        emit('Gelu', [a], { approximate: { text: GELU[attributes.gelu!] } }, out);
        return;
      case 'transpose':
        emit('Transpose', [a], { perm: { ints: attributes.permutation! } }, out);
        return;
      case 'reshape':
        emit('Reshape', [a, int64s(shape)], {}, out);
        return;
      case 'expand':
        emit('Expand', [a, int64s(shape)], {}, out);
        return;
      case 'slice': {
        const { axis, start, end } = attributes;
        emit('Slice', [a, int64s([start!]), int64s([end!]), int64s([axis!])], {}, out);
        return;
      }
      case 'concat':
        emit(
          'Concat',
          inputs.map((id) => names[id]),
          { axis: { int: attributes.axis! } },
          out,
        );
        return;
      case 'gather':
        emit('Gather', [a, b], { axis: { int: 0 } }, out);
        return;
      case 'pick': {
        const columns = emit('Reshape', [b, int64s([shape[0], 1])]);
        const picked = emit('GatherElements', [a, columns], { axis: { int: 1 } });
        emit('Reshape', [picked, int64s(shape)], {}, out);
        return;
      }
      case 'scatterAdd':
        scatterAdd(a, b, graph.values[inputs[1]].shape, shape, out);
        return;
      case 'sum':
      case 'max':
        emit(op === 'sum' ? 'ReduceSum' : 'ReduceMax', [a, int64s(attributes.axes!)], { keepdims: { int: 1 } }, out);
        return;
      case 'softmax':
        emit('Softmax', [target === 'cpu' && masked(inputs[0]) ? raised(a) : a], { axis: { int: -1 } }, out);
        return;
      case 'layerNorm':
        emit('LayerNormalization', [a, b, c], { axis: { int: -1 }, epsilon: { float: attributes.epsilon! } }, out);
        return;
      default:
        throw new InvariantError({ expected: 'an operation of ONNX', got: op });
    }
  }

  function scatterAdd(rows: string, updates: string, [n, d]: readonly number[], shape: readonly number[], out: string) {
    if (target === 'cpu' && shape[0] > ROWS_BY_PRODUCT) {
      const zeros = emit('ConstantOfShape', [int64s(shape)]);
      const places = emit('Expand', [emit('Reshape', [rows, int64s([n, 1])]), int64s([n, d])]);
      emit('ScatterElements', [zeros, places, updates], { axis: { int: 0 }, reduction: { text: 'add' } }, out);
      return;
    }
    const numbers: Tensor = { shape: [shape[0], 1], data: Int32Array.from({ length: shape[0] }, (_, i) => i) };
    const column = emit('Constant', [], { value: { tensor: numbers } });
    const line = emit('Reshape', [rows, int64s([1, n])]);
    emit('MatMul', [emit('Cast', [emit('Equal', [column, line])], { to: { int: 1 } }), updates], {}, out);
  }
}

/** Products that are computed with the sum that alone needs them, by its output: x x summed, and x a + b. */
function joinedProducts(graph: Graph): Map<number, GraphNode> {
  const uses = new Map<number, number>();
  for (const id of [
    ...graph.nodes.flatMap((n) => n.inputs),
    ...[...graph.outputs, ...graph.stateOutputs].map((o) => o.value),
  ])
    uses.set(id, (uses.get(id) ?? 0) + 1);
  const products = new Map(graph.nodes.filter((n) => n.op === 'multiply').map((n) => [n.output, n]));
  const isNumber = (id: number) => graph.constants.has(id) && graph.values[id].shape.length === 0;
  const joined = new Map<number, GraphNode>();
  for (const node of graph.nodes) {
    const [from, by] = node.inputs;
    const product = products.get(from);
    if (!product || uses.get(from) !== 1 || graph.values[from].type !== 'float32') continue;
    const [x, y] = product.inputs;
    if (node.op === 'sum' ? x === y : node.op === 'add' && isNumber(y) && isNumber(by) && !isNumber(x))
      joined.set(node.output, product);
  }
  return joined;
}

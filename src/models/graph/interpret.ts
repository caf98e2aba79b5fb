import { InvariantError } from '../../errors.ts';
import { elementCount, type Tensor } from '../tensor.ts';
import type { Gelu, Graph, GraphNode, Op } from './graph.ts';

/** A value in double precision. */
export interface Wide {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

type Compute = (inputs: readonly Wide[], node: GraphNode, shape: readonly number[]) => Float64Array;

/**
 * Computes a graph node by node in float64: short, slow and plain, the oracle that gradients and executors are tested
 * against. Takes every input by name; returns every value that was computed, by number.
 */
export function interpret(graph: Graph, inputs: ReadonlyMap<string, Tensor | Wide>): Wide[] {
  const values: Wide[] = [];
  for (const [id, tensor] of graph.constants) values[id] = wide(tensor);
  for (const { name, value } of graph.inputs) {
    const given = inputs.get(name);
    if (given) values[value] = wide(given);
  }
  for (const node of graph.nodes) {
    const { shape } = graph.values[node.output];
    const operands = node.inputs.map((id) => {
      if (!values[id]) throw new InvariantError({ expected: `input ${id} of ${node.op}`, got: 'nothing' });
      return values[id];
    });
    values[node.output] = { shape, data: compute[node.op](operands, node, shape) };
  }
  return values;
}

function wide(tensor: Tensor | Wide): Wide {
  return { shape: tensor.shape, data: Float64Array.from(tensor.data) };
}

const GELU: Record<Gelu, (v: number) => number> = {
  tanh: (v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))),
  erf: (v) => 0.5 * v * (1 + errorFunction(v * Math.SQRT1_2)),
};

const compute: Record<Op, Compute> = {
  add: pairwise((a, b) => a + b),
  subtract: pairwise((a, b) => a - b),
  multiply: pairwise((a, b) => a * b),
  divide: pairwise((a, b) => a / b),
  maximum: pairwise(Math.max),
  minimum: pairwise(Math.min),
  equal: pairwise((a, b) => Number(a === b)),
  less: pairwise((a, b) => Number(a < b)),
  exp: each(Math.exp),
  log: each(Math.log),
  sqrt: each(Math.sqrt),
  tanh: each(Math.tanh),
  sigmoid: each((x) => 1 / (1 + Math.exp(-x))),
  erf: each(errorFunction),
  gelu: ([x], { attributes }) => x.data.map(GELU[attributes.gelu!]),
  cast: each(Math.trunc),
  stopGradient: ([x]) => x.data,
  reshape: ([x]) => x.data,
  matmul: ([a, b], _, shape) => {
    const [m, n] = shape.slice(-2);
    const k = a.shape.at(-1)!;
    const batch = shape.slice(0, -2);
    const out = new Float64Array(elementCount(shape));
    const [fromA, fromB] = [a, b].map((x) => offsets(x.shape.slice(0, -2), batch));
    for (let t = 0; t < fromA.length; t++)
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) {
          let s = 0;
          for (let l = 0; l < k; l++) s += a.data[(fromA[t] * m + i) * k + l] * b.data[(fromB[t] * k + l) * n + j];
          out[(t * m + i) * n + j] = s;
        }
    return out;
  },
  transpose: ([x], { attributes: { permutation } }, shape) => {
    const strides = stridesOf(x.shape);
    return walk(
      shape,
      permutation!.map((p) => strides[p]),
      0,
    ).map((i) => x.data[i]);
  },
  expand: ([x], _, shape) => offsets(x.shape, shape).map((i) => x.data[i]),
  slice: ([x], { attributes: { axis, start } }, shape) => {
    const strides = stridesOf(x.shape);
    return walk(shape, strides, start! * strides[axis!]).map((i) => x.data[i]);
  },
  concat: (parts, { attributes: { axis } }, shape) => {
    const out = new Float64Array(elementCount(shape));
    const strides = stridesOf(shape);
    let at = 0;
    for (const p of parts) {
      walk(p.shape, strides, at * strides[axis!]).forEach((to, i) => {
        out[to] = p.data[i];
      });
      at += p.shape[axis!];
    }
    return out;
  },
  gather: ([table, rows]) => {
    const d = elementCount(table.shape.slice(1));
    const out = new Float64Array(rows.data.length * d);
    rows.data.forEach((row, i) => {
      out.set(table.data.subarray(row * d, (row + 1) * d), i * d);
    });
    return out;
  },
  scatterAdd: ([rows, updates], _, shape) => {
    const out = new Float64Array(elementCount(shape));
    const d = shape[1];
    rows.data.forEach((row, i) => {
      for (let j = 0; j < d; j++) out[row * d + j] += updates.data[i * d + j];
    });
    return out;
  },
  pick: ([x, columns]) => columns.data.map((c, i) => x.data[i * x.shape[1] + c]),
  sum: ([x], _, shape) => {
    const out = new Float64Array(elementCount(shape));
    offsets(shape, x.shape).forEach((to, i) => {
      out[to] += x.data[i];
    });
    return out;
  },
  max: ([x], _, shape) => {
    const out = new Float64Array(elementCount(shape)).fill(Number.NEGATIVE_INFINITY);
    offsets(shape, x.shape).forEach((to, i) => {
      out[to] = Math.max(out[to], x.data[i]);
    });
    return out;
  },
  softmax: ([x]) =>
    rowwise(x, (row) => {
      const top = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      const powers = row.map((v) => Math.exp(v - top));
      const total = powers.reduce((a, b) => a + b, 0);
      return powers.map((v) => v / total);
    }),
  layerNorm: ([x, scale, bias], { attributes: { epsilon } }) =>
    rowwise(x, (row) => {
      const middle = row.reduce((a, b) => a + b, 0) / row.length;
      const variance = row.reduce((a, b) => a + (b - middle) ** 2, 0) / row.length;
      return row.map((v, i) => ((v - middle) / Math.sqrt(variance + epsilon!)) * scale.data[i] + bias.data[i]);
    }),
};

function each(f: (x: number) => number): Compute {
  return ([x]) => x.data.map((v) => f(v));
}

function pairwise(f: (a: number, b: number) => number): Compute {
  return ([a, b], _, shape) => {
    const fromB = offsets(b.shape, shape);
    return offsets(a.shape, shape).map((i, at) => f(a.data[i], b.data[fromB[at]]));
  };
}

function rowwise(x: Wide, f: (row: Float64Array) => Float64Array): Float64Array {
  const d = x.shape.at(-1)!;
  const out = new Float64Array(x.data.length);
  for (let i = 0; i < x.data.length; i += d) out.set(f(x.data.subarray(i, i + d)), i);
  return out;
}

function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/** For every element of `to`, in order, where it is read when `from` is broadcast. */
function offsets(from: readonly number[], to: readonly number[]): Float64Array {
  const strides = stridesOf(from);
  const extra = to.length - from.length;
  return walk(
    to,
    to.map((_, i) => (i < extra || from[i - extra] === 1 ? 0 : strides[i - extra])),
    0,
  );
}

/** For every index of a shape, in order: first + index . strides. */
function walk(shape: readonly number[], strides: readonly number[], first: number): Float64Array {
  let places = Float64Array.of(first);
  shape.forEach((d, axis) => {
    const next = new Float64Array(places.length * d);
    places.forEach((p, i) => {
      for (let j = 0; j < d; j++) next[i * d + j] = p + j * strides[axis];
    });
    places = next;
  });
  return places;
}

// Series below 3, continued fraction above (Abramowitz & Stegun 7.1.6, 7.1.14): 1e-15.
function errorFunction(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 3) {
    let term = a;
    let total = a;
    for (let n = 1; n < 120 && term > 1e-18; n++) {
      term *= (2 * a * a) / (2 * n + 1);
      total += term;
    }
    return (Math.sign(x) * 2 * Math.exp(-a * a) * total) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + fraction)));
}

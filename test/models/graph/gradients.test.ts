import { describe, expect, it } from 'vitest';
import { differentiate } from '../../../src/models/graph/differentiate.ts';
import { GraphBuilder, type Value } from '../../../src/models/graph/graph.ts';
import { interpret, type Wide } from '../../../src/models/graph/interpret.ts';
import * as ops from '../../../src/models/graph/ops.ts';
import { crossEntropy } from '../../../src/models/losses.ts';
import { elementCount, intTensor } from '../../../src/models/tensor.ts';
import { seededRandom } from '../../../src/random.ts';

type Build = (inputs: readonly Value[], graph: GraphBuilder) => Value;

/** Largest difference between the gradient by autodiff and by central differences in float64, over all inputs. */
function gradientError(shapes: readonly (readonly number[])[], build: Build, shift = 0): number {
  const graph = new GraphBuilder();
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, shape));
  const y = build(inputs, graph);
  const random = seededRandom(7, 'gradients');
  // Weighted, so that every element of the result has a slope of its own.
  const weights = graph.constant({
    shape: y.shape,
    data: Float32Array.from({ length: elementCount(y.shape) }, () => random.normal()),
  });
  const loss = ops.reshape(ops.sum(ops.multiply(y, weights), [...y.shape.keys()]), []);
  const gradients = differentiate(loss, inputs);
  const whole = graph.finish('test', new Map([['loss', loss], ...gradients.map((g, i) => [`g${i}`, g] as const)]));
  const feeds = new Map<string, Wide>(
    shapes.map((shape, i) => [
      `x${i}`,
      { shape, data: Float64Array.from({ length: elementCount(shape) }, () => random.normal() + shift) },
    ]),
  );
  const values = interpret(whole, feeds);
  const lossAt = () => interpret(whole, feeds)[loss.id].data[0];
  let worst = 0;
  shapes.forEach((_, i) => {
    const { data } = feeds.get(`x${i}`)!;
    for (let j = 0; j < data.length; j++) {
      const kept = data[j];
      data[j] = kept + 1e-5;
      const up = lossAt();
      data[j] = kept - 1e-5;
      const down = lossAt();
      data[j] = kept;
      worst = Math.max(worst, Math.abs((up - down) / 2e-5 - values[gradients[i].id].data[j]));
    }
  });
  return worst;
}

const rows = (graph: GraphBuilder, ...values: number[]) => graph.constant(intTensor([values.length], values));

const cases: readonly (readonly [
  name: string,
  shapes: readonly (readonly number[])[],
  build: Build,
  shift?: number,
])[] = [
  [
    'shares that mix values',
    [
      [2, 3, 4],
      [2, 4, 2],
    ],
    ([x, v]) => ops.matmul(ops.softmax(x), v),
  ],
  [
    'shares that mix values, in another shape',
    [
      [2, 2, 3, 4],
      [2, 4, 2],
    ],
    ([x, v]) => ops.matmul(ops.reshape(ops.softmax(x), [2, 6, 4]), v),
  ],
  [
    'shares that mix values, some of them dropped, twice',
    [
      [2, 2, 3, 4],
      [2, 2, 3, 4],
      [3, 1],
      [2, 4, 2],
    ],
    ([x, first, second, v]) =>
      ops.matmul(ops.reshape(ops.multiply(ops.multiply(ops.softmax(x), first), second), [2, 6, 4]), v),
  ],
  [
    'shares that are used twice, once multiplied',
    [
      [2, 3, 4],
      [2, 3, 4],
      [2, 4, 2],
    ],
    ([x, kept, v]) => {
      const shares = ops.softmax(x);
      return ops.add(ops.matmul(ops.multiply(shares, kept), v), ops.matmul(shares, v));
    },
  ],
  [
    'a wide matrix product',
    [
      [3, 2],
      [2, 5],
    ],
    ([a, b]) => ops.matmul(a, b),
  ],
  ['add, broadcast', [[2, 3], [3]], ([a, b]) => ops.add(a, b)],
  [
    'subtract, broadcast both ways',
    [
      [2, 1],
      [1, 3],
    ],
    ([a, b]) => ops.subtract(a, b),
  ],
  ['multiply by itself', [[4]], ([a]) => ops.multiply(a, a)],
  ['multiply, scalar', [[2, 2], []], ([a, b]) => ops.multiply(a, b)],
  [
    'divide',
    [
      [3, 2],
      [3, 1],
    ],
    ([a, b]) => ops.divide(a, b),
    4,
  ],
  ['maximum', [[3, 4], [4]], ([a, b]) => ops.maximum(a, b)],
  [
    'minimum',
    [
      [3, 4],
      [3, 1],
    ],
    ([a, b]) => ops.minimum(a, b),
  ],
  ['exp', [[5]], ([a]) => ops.exp(a)],
  ['log', [[5]], ([a]) => ops.log(a), 5],
  ['sqrt', [[5]], ([a]) => ops.sqrt(a), 5],
  ['tanh', [[5]], ([a]) => ops.tanh(a)],
  ['sigmoid', [[5]], ([a]) => ops.sigmoid(a)],
  ['erf', [[5]], ([a]) => ops.erf(a)],
  ['gelu, tanh', [[9]], ([a]) => ops.gelu(a, 'tanh')],
  ['gelu, exact', [[9]], ([a]) => ops.gelu(a, 'erf')],
  [
    'matmul',
    [
      [3, 4],
      [4, 2],
    ],
    ([a, b]) => ops.matmul(a, b),
  ],
  [
    'matmul, batched',
    [
      [2, 3, 4],
      [2, 4, 2],
    ],
    ([a, b]) => ops.matmul(a, b),
  ],
  [
    'matmul, batch broadcast',
    [
      [2, 1, 3, 4],
      [3, 4, 2],
    ],
    ([a, b]) => ops.matmul(a, b),
  ],
  [
    'matmul, one weight for a batch',
    [
      [2, 3, 4],
      [4, 2],
    ],
    ([a, b]) => ops.matmul(a, b),
  ],
  ['transpose', [[2, 3, 4]], ([a]) => ops.transpose(a, [2, 0, 1])],
  ['reshape', [[2, 6]], ([a]) => ops.reshape(a, [3, 4])],
  ['expand', [[2, 1]], ([a]) => ops.expand(a, [3, 2, 4])],
  ['slice', [[2, 5]], ([a]) => ops.slice(a, 1, 1, 3)],
  ['slices side by side', [[2, 6]], ([a]) => ops.multiply(ops.slice(a, 1, 0, 3), ops.slice(a, 1, 3, 6))],
  ['slices that overlap', [[6]], ([a]) => ops.multiply(ops.slice(a, 0, 0, 4), ops.slice(a, 0, 1, 5))],
  ['slices of two axes', [[3, 3]], ([a]) => ops.matmul(ops.slice(a, 0, 0, 1), ops.slice(a, 1, 1, 2))],
  [
    'concat',
    [
      [2, 1],
      [2, 3],
    ],
    ([a, b]) => ops.concat([a, b, a], 1),
  ],
  ['gather, repeated rows', [[4, 3]], ([a], g) => ops.gather(a, rows(g, 1, 3, 1, 0))],
  ['scatterAdd', [[4, 3]], ([a], g) => ops.scatterAdd(rows(g, 2, 0, 2, 1), a, 5)],
  ['pick', [[3, 4]], ([a], g) => ops.pick(a, rows(g, 3, 0, 3))],
  ['sum', [[2, 3, 4]], ([a]) => ops.sum(a, [0, 2])],
  ['mean', [[2, 3]], ([a]) => ops.mean(a, [1])],
  ['max', [[3, 4]], ([a]) => ops.max(a, [1])],
  ['softmax', [[3, 4]], ([a]) => ops.softmax(a)],
  ['layerNorm', [[3, 5], [5], [5]], ([a, b, c]) => ops.layerNorm(a, b, c, 1e-5)],
  ['cross-entropy', [[3, 5]], ([a], g) => crossEntropy(a, rows(g, 4, 0, 2))],
];

describe('gradients', () => {
  // Constants of a graph are float32, so a slope is right to about seven digits.
  it.each(cases.map(([name, ...rest]) => ({ name, rest })))('$name', ({ rest: [shapes, build, shift] }) => {
    expect(gradientError(shapes, build, shift)).toBeLessThan(5e-7);
  });

  it('do not flow through stopGradient', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', [1]);
    const [g] = differentiate(ops.add(ops.multiply(x, 3), ops.multiply(ops.stopGradient(x), 5)), [x]);
    const whole = graph.finish('test', new Map([['g', g]]));
    expect([...interpret(whole, new Map([['x', { shape: [1], data: Float64Array.of(2) }]]))[g.id].data]).toEqual([3]);
  });

  it('are zeros for what the loss does not depend on', () => {
    const graph = new GraphBuilder();
    const [x, y] = [graph.input('x', [1]), graph.input('y', [2, 2])];
    const [g] = differentiate(ops.multiply(x, 3), [y]);
    expect(interpret(graph.finish('test', new Map([['g', g]])), new Map())[g.id]).toEqual({
      shape: [2, 2],
      data: new Float64Array(4),
    });
  });

  it('need a loss of one element', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', [2]);
    expect(() => differentiate(ops.exp(x), [x])).toThrow('expected a loss of one element, got shape [2]');
  });

  it('of three slices side by side are one concatenation', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', [2, 6]);
    const parts = [0, 1, 2].map((i) => ops.slice(x, 1, 2 * i, 2 * i + 2));
    const product = ops.multiply(ops.multiply(parts[0], parts[1]), parts[2]);
    const [g] = differentiate(ops.reshape(ops.sum(product, [0, 1]), []), [x]);
    const nodes = graph.finish('test', new Map([['g', g]])).nodes;
    expect(nodes.filter((n) => n.op === 'concat')).toHaveLength(1);
    expect(nodes.at(-1)!.op).toBe('concat');
  });
});

import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/models/graph/graph.ts';
import { interpret } from '../../../src/models/graph/interpret.ts';
import * as ops from '../../../src/models/graph/ops.ts';
import { floatTensor, intTensor } from '../../../src/models/tensor.ts';

describe('a graph', () => {
  it('makes equal nodes and small constants once', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', [2, 3]);
    expect(ops.exp(ops.multiply(x, 2))).toBe(ops.exp(ops.multiply(x, 2)));
    expect(ops.multiply(x, 2)).not.toBe(ops.multiply(x, 3));
    expect(ops.sum(x, [0])).not.toBe(ops.sum(x, [1]));
    expect(graph.constant(intTensor([1], [2]))).not.toBe(graph.constant(floatTensor([1], [2])));
  });

  it('makes no node for what changes nothing', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', [2, 1, 3]);
    expect(ops.reshape(x, [2, 1, 3])).toBe(x);
    expect(ops.transpose(x, [0, 1, 2])).toBe(x);
    expect(ops.slice(x, 2, 0, 3)).toBe(x);
    expect(ops.expand(x, [2, 1, 3])).toBe(x);
    expect(ops.sum(x, [1])).toBe(x);
    expect(ops.concat([x], 0)).toBe(x);
    expect(ops.cast(x, 'float32')).toBe(x);
    expect(graph.nodes).toEqual([]);
  });

  it('keeps only what its outputs need', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', [2]);
    ops.add(ops.exp(x), 7);
    const y = ops.multiply(ops.log(x), 3);
    const { nodes, constants } = graph.finish('test', new Map([['y', y]]));
    expect(nodes.map((n) => n.op)).toEqual(['log', 'multiply']);
    expect([...constants.values()].map((t) => t.data[0])).toEqual([3]);
  });

  it('is plain data', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', [2]);
    const made = graph.finish('test', new Map([['y', ops.add(x, 1)]]));
    expect(structuredClone(made)).toEqual(made);
  });

  it('does not mix with another', () => {
    const [x, y] = [new GraphBuilder().input('x', [2]), new GraphBuilder().input('y', [2])];
    expect(() => ops.add(x, y)).toThrow('expected inputs of add from one graph, got a value of another graph.');
  });
});

describe('shapes that do not fit are refused', () => {
  const graph = new GraphBuilder();
  const [a, b, n] = [graph.input('a', [2, 3]), graph.input('b', [2, 4]), graph.input('n', [2], 'int32')];
  it.each([
    ['add', () => ops.add(a, b), 'expected shapes that fit add, got [2, 3] and [2, 4].'],
    ['matmul', () => ops.matmul(a, b), 'expected shapes that fit matmul, got [2, 3] and [2, 4].'],
    ['reshape', () => ops.reshape(a, [5]), 'expected shapes that fit reshape, got [2, 3] and [5].'],
    ['expand', () => ops.expand(a, [2, 1]), 'expected shapes that fit expand, got [2, 3] and [2, 1].'],
    ['slice', () => ops.slice(a, 1, 2, 4), 'expected shapes that fit slice 2..4 of axis 1, got [2, 3].'],
    ['concat', () => ops.concat([a, b], 0), 'expected shapes that fit concat, got [2, 3] and [2, 4].'],
    ['pick', () => ops.pick(a, graph.input('m', [3], 'int32')), 'expected shapes that fit pick, got [2, 3] and [3].'],
    ['scatterAdd', () => ops.scatterAdd(n, graph.input('u', [3, 1]), 4), 'got [2] and [3, 1].'],
    ['layerNorm', () => ops.layerNorm(a, n, n, 1e-5), 'expected shapes that fit layerNorm, got [2, 3] and [2].'],
    ['transpose', () => ops.transpose(a, [0, 0]), 'expected shapes that fit transpose by [0, 0], got [2, 3].'],
    ['softmax', () => ops.softmax(graph.scalar(1)), 'expected shapes that fit softmax, got [].'],
    ['swapLast', () => ops.swapLast(graph.input('v', [3])), 'expected shapes that fit swapLast, got [3].'],
    ['concat of nothing', () => ops.concat([], 0), 'expected shapes that fit concat, got none.'],
    ['sqrt of integers', () => ops.sqrt(n), 'expected sqrt in float32, got int32.'],
    ['sum of integers', () => ops.sum(n, [0]), 'expected sum in float32, got int32.'],
    ['gather', () => ops.gather(a, graph.input('r', [2])), 'expected rows of gather in int32, got float32.'],
    ['concat of two types', () => ops.concat([n, graph.input('q', [2])], 0), 'expected concat in int32, got float32.'],
    [
      'types',
      () => ops.add(n, graph.input('f', [2])),
      'expected add of two values of one type, got int32 and float32.',
    ],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });
});

describe('the plain interpreter', () => {
  const run = (build: (graph: GraphBuilder) => ReturnType<typeof ops.add>) => {
    const graph = new GraphBuilder();
    const y = build(graph);
    return [...interpret(graph.finish('test', new Map([['y', y]])), new Map())[y.id].data];
  };

  // Values of erf and of the normal distribution from tables.
  it('knows the error function', () => {
    const x = [0, 0.5, 1, 2, 3, 4, -1, 7];
    const expected = [
      0, 0.520499877813, 0.842700792949, 0.995322265018, 0.999977909503, 0.999999984582, -0.842700792949, 1,
    ];
    run((g) => ops.erf(g.constant(floatTensor([8], x)))).forEach((y, i) => {
      expect(y).toBeCloseTo(expected[i], 11);
    });
  });

  it('knows both gelus', () => {
    const x = [-1, 0, 1, 3];
    const [exact, byTanh] = (['erf', 'tanh'] as const).map((k) =>
      run((g) => ops.gelu(g.constant(floatTensor([4], x)), k)),
    );
    [-0.158655254, 0, 0.841344746, 2.995950306].forEach((y, i) => {
      expect(exact[i]).toBeCloseTo(y, 8);
    });
    [-0.158808009, 0, 0.841191991, 2.996362604].forEach((y, i) => {
      expect(byTanh[i]).toBeCloseTo(y, 6);
    });
  });

  it('multiplies, transposes and gathers', () => {
    const of = (g: GraphBuilder, shape: number[], ...data: number[]) => g.constant(floatTensor(shape, data));
    expect(run((g) => ops.matmul(of(g, [2, 2], 1, 2, 3, 4), of(g, [2, 1], 10, 1)))).toEqual([12, 34]);
    expect(run((g) => ops.transpose(of(g, [2, 3], 1, 2, 3, 4, 5, 6), [1, 0]))).toEqual([1, 4, 2, 5, 3, 6]);
    expect(run((g) => ops.gather(of(g, [3, 2], 1, 2, 3, 4, 5, 6), g.constant(intTensor([2], [2, 0]))))).toEqual([
      5, 6, 1, 2,
    ]);
    expect(run((g) => ops.scatterAdd(g.constant(intTensor([3], [1, 1, 0])), of(g, [3, 1], 5, 7, 9), 3))).toEqual([
      9, 12, 0,
    ]);
    expect(run((g) => ops.cast(of(g, [2], 2.9, -2.9), 'int32'))).toEqual([2, -2]);
  });
});

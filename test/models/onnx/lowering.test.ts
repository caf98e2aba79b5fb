import { describe, expect, it } from 'vitest';
import { onnxruntimeNode } from '../../../src/models/executors/onnxruntime-node.ts';
import { GraphBuilder, type Value } from '../../../src/models/graph/graph.ts';
import { add, multiply, softmax, sum } from '../../../src/models/graph/ops.ts';
import { nodesOf } from '../../../src/models/onnx/lowering.ts';
import { floatTensor } from '../../../src/models/tensor.ts';

const FLOAT32_SMALLEST_NORMAL = 2 ** -126;

describe('a masked softmax on a processor', () => {
  const shape = [3, 8];
  const scores = Float32Array.from({ length: 24 }, (_, i) => 30 * Math.sin(i * i));
  const bias = Float32Array.from({ length: 24 }, (_, i) => (i % 8 > 2 + (i >> 3) ? -1e9 : 0));

  const run = async (build: (scores: Value, graph: GraphBuilder) => Value, fed: Float32Array) => {
    const graph = new GraphBuilder();
    const shares = softmax(build(graph.input('scores', shape), graph));
    const session = await (await onnxruntimeNode()).open(
      graph.finish('masked', new Map([['shares', shares]])),
      new Map(),
    );
    const { data } = (await session.run(new Map([['scores', floatTensor(shape, fed)]]))).get('shares')!;
    await session.release();
    return data;
  };

  it('has the shares of the plain one in every digit, and no denormal number where it masks', async () => {
    const masked = await run((x, graph) => add(x, graph.constant({ shape, data: bias })), scores);
    const plain = await run(
      (x) => x,
      scores.map((x, i) => x + bias[i]),
    );
    for (const [i, share] of masked.entries()) {
      if (plain[i] > 1e-20) expect(share).toBe(plain[i]);
      else expect(share).toBeLessThan(1e-20);
      expect(share).toBeGreaterThanOrEqual(FLOAT32_SMALLEST_NORMAL);
    }
    expect(plain.some((share) => share < FLOAT32_SMALLEST_NORMAL)).toBe(true);
  });
});

describe('a product with the sum that alone needs it on a processor', () => {
  const x = Float32Array.from({ length: 24 }, (_, i) => 3 * Math.cos(i * i));

  it('is x a + b in one pass, and the sum of squares', async () => {
    const graph = new GraphBuilder();
    const input = graph.input('x', [3, 8]);
    const outputs = new Map([
      ['scaled', add(multiply(input, 0.75), -2)],
      ['squares', sum(multiply(input, input), [0, 1])],
    ]);
    const whole = graph.finish('joined', outputs);
    const types = nodesOf(
      whole,
      whole.values.map((_, id) => `v${id}`),
      'cpu',
    ).map((node) => node.type);
    expect(types).toEqual(expect.arrayContaining(['BatchNormalization', 'ReduceSumSquare']));
    expect(types).not.toContain('Mul');
    const session = await (await onnxruntimeNode()).open(whole, new Map());
    const results = await session.run(new Map([['x', floatTensor([3, 8], x)]]));
    await session.release();
    expect(results.get('scaled')!.shape).toEqual([3, 8]);
    for (const [i, value] of results.get('scaled')!.data.entries()) expect(value).toBeCloseTo(x[i] * 0.75 - 2, 5);
    const squares = x.reduce((s, value) => s + value * value, 0);
    expect(results.get('squares')!.data[0]).toBeCloseTo(squares, 3);
  });
});

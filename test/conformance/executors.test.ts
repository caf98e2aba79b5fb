import { afterAll, describe, expect, it } from 'vitest';
import { attention, attentionBlocks } from '../../src/models/architectures/blocks.ts';
import { absentDevice } from '../../src/models/executors/absent-device.ts';
import { EXECUTORS, type Executor, type ExecutorName } from '../../src/models/executors/executor.ts';
import { checkedExecutor } from '../../src/models/executors/pick-executor.ts';
import { reference } from '../../src/models/executors/reference.ts';
import { SELF_CHECK_LOSSES, selfCheckLosses } from '../../src/models/executors/self-check.ts';
import { GraphBuilder, type Value } from '../../src/models/graph/graph.ts';
import * as ops from '../../src/models/graph/ops.ts';
import { elementCount, floatTensor, intTensor, type Tensor } from '../../src/models/tensor.ts';
import { seededRandom } from '../../src/random.ts';

// Which executors work here; the others are skipped with the reason in the name of the test.
const usable = new Map<ExecutorName, Executor>();
const refused = new Map<ExecutorName, string>();
for (const name of EXECUTORS) {
  const absent = absentDevice(name);
  if (absent !== null) refused.set(name, absent);
  else
    await checkedExecutor(name).then(
      (executor) => usable.set(name, executor),
      (error: Error) => refused.set(name, error.message.split('\n')[0]),
    );
}

interface Case {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly build: (inputs: Readonly<Record<string, Value>>, graph: GraphBuilder) => Value;
}

function numbers(shape: readonly number[], seed: number, shift = 0): Tensor {
  const random = seededRandom(seed, 'conformance');
  return floatTensor(
    shape,
    Float32Array.from({ length: elementCount(shape) }, () => random.normal() + shift),
  );
}

const x = numbers([3, 4], 1);
const y = numbers([4], 2);
const ids = intTensor([5], [2, 0, 2, 1, 2]);
const cases: Readonly<Record<string, Case>> = {
  add: { inputs: { x, y }, build: ({ x, y }) => ops.add(x, y) },
  subtract: { inputs: { x, y }, build: ({ x, y }) => ops.subtract(y, x) },
  multiply: { inputs: { x, y }, build: ({ x, y }) => ops.multiply(x, y) },
  divide: { inputs: { x, y: numbers([4], 2, 4) }, build: ({ x, y }) => ops.divide(x, y) },
  maximum: { inputs: { x, y }, build: ({ x, y }) => ops.maximum(x, y) },
  minimum: { inputs: { x, y }, build: ({ x, y }) => ops.minimum(x, y) },
  'equal, int32': { inputs: { ids }, build: ({ ids }) => ops.equal(ids, 2) },
  'equal, float32': { inputs: { x }, build: ({ x }) => ops.equal(x, ops.max(x, [1])) },
  'less, int32': { inputs: { ids }, build: ({ ids }) => ops.less(ids, 1) },
  'less, float32': { inputs: { x }, build: ({ x }) => ops.less(x, 0) },
  exp: { inputs: { x }, build: ({ x }) => ops.exp(x) },
  log: { inputs: { x: numbers([3, 4], 1, 6) }, build: ({ x }) => ops.log(x) },
  sqrt: { inputs: { x: numbers([3, 4], 1, 6) }, build: ({ x }) => ops.sqrt(x) },
  tanh: { inputs: { x }, build: ({ x }) => ops.tanh(x) },
  sigmoid: { inputs: { x }, build: ({ x }) => ops.sigmoid(x) },
  erf: { inputs: { x }, build: ({ x }) => ops.erf(x) },
  'gelu, tanh': { inputs: { x }, build: ({ x }) => ops.gelu(x, 'tanh') },
  'gelu, exact': { inputs: { x }, build: ({ x }) => ops.gelu(x, 'erf') },
  'cast to int32': { inputs: { x }, build: ({ x }) => ops.cast(ops.multiply(x, 3), 'int32') },
  'cast to float32': { inputs: { ids }, build: ({ ids }) => ops.cast(ids, 'float32') },
  matmul: { inputs: { x, w: numbers([4, 6], 3) }, build: ({ x, w }) => ops.matmul(x, w) },
  'matmul, batched': {
    inputs: { a: numbers([2, 3, 4, 5], 3), b: numbers([2, 3, 5, 2], 4) },
    build: ({ a, b }) => ops.matmul(a, b),
  },
  'matmul, batch broadcast': {
    inputs: { a: numbers([2, 1, 4, 5], 3), b: numbers([3, 5, 2], 4) },
    build: ({ a, b }) => ops.matmul(a, b),
  },
  transpose: { inputs: { a: numbers([2, 3, 1, 4, 5], 5) }, build: ({ a }) => ops.transpose(a, [0, 3, 1, 2, 4]) },
  reshape: { inputs: { x }, build: ({ x }) => ops.reshape(x, [2, 6]) },
  expand: { inputs: { x: numbers([3, 1], 1) }, build: ({ x }) => ops.expand(x, [2, 3, 4]) },
  slice: { inputs: { x }, build: ({ x }) => ops.slice(x, 1, 1, 3) },
  concat: { inputs: { x, w: numbers([3, 2], 3) }, build: ({ x, w }) => ops.concat([x, w, x], 1) },
  gather: { inputs: { x, ids }, build: ({ x, ids }) => ops.gather(x, ids) },
  'scatterAdd, small table': {
    inputs: { u: numbers([5, 3], 6), ids },
    build: ({ u, ids }) => ops.scatterAdd(ids, u, 4),
  },
  'scatterAdd, large table': {
    inputs: { u: numbers([5, 3], 6), ids },
    build: ({ u, ids }) => ops.scatterAdd(ids, u, 3000),
  },
  pick: { inputs: { x, c: intTensor([3], [3, 0, 3]) }, build: ({ x, c }) => ops.pick(x, c) },
  sum: { inputs: { a: numbers([2, 3, 4], 5) }, build: ({ a }) => ops.sum(a, [0, 2]) },
  max: { inputs: { x }, build: ({ x }) => ops.max(x, [1]) },
  softmax: { inputs: { x }, build: ({ x }) => ops.softmax(ops.multiply(x, 30)) },
  layerNorm: { inputs: { x, y, z: numbers([4], 8) }, build: ({ x, y, z }) => ops.layerNorm(x, y, z, 1e-5) },
  'attention, two blocks of queries': {
    inputs: {
      q: numbers([1, 130, 2, 4], 9),
      k: numbers([1, 130, 1, 4], 10),
      v: numbers([1, 130, 1, 4], 11),
      segments: intTensor(
        [1, 130],
        Int32Array.from({ length: 130 }, (_, i) => (i < 90 ? 0 : i < 129 ? 1 : -1)),
      ),
    },
    build: ({ q, k, v, segments }) => attention(q, k, v, attentionBlocks(segments)),
  },
  'an input as an output': { inputs: { x }, build: ({ x }) => x },
};

async function computed(executor: Executor, { inputs, build }: Case): Promise<Tensor> {
  const graph = new GraphBuilder();
  const values = Object.entries(inputs).map(
    ([name, { shape, data }]) =>
      [name, graph.input(name, shape, data instanceof Int32Array ? 'int32' : 'float32')] as const,
  );
  const out = build(Object.fromEntries(values), graph);
  const session = await executor.open(graph.finish('case', new Map([['out', out]])), new Map());
  const result = (await session.run(new Map(Object.entries(inputs)))).get('out')!;
  await session.release();
  return result;
}

/** x + fed, and the sum so far as state. */
function adder() {
  const graph = new GraphBuilder();
  const fed = graph.input('fed', [2]);
  const weight = graph.input('weight', [2], 'float32', 'weight');
  const total = graph.input('total', [2], 'float32', 'state');
  const next = ops.add(total, ops.multiply(fed, weight));
  return graph.finish('adder', new Map([['doubled', ops.multiply(next, 2)]]), new Map([['total', next]]));
}
const start = new Map([
  ['weight', floatTensor([2], [1, 10])],
  ['total', floatTensor([2], [0, 5])],
]);
const fed = new Map([['fed', floatTensor([2], [1, 2])]]);

it('some executor works here', () => {
  expect([...usable.keys()]).toContain('reference');
});

for (const [name, reason] of refused) it.skip(`${name}: ${reason}`, () => {});

describe.each([...usable.keys()])('%s', (name) => {
  const executor = usable.get(name)!;

  it.each(Object.keys(cases))('%s', async (key) => {
    const [result, expected] = [await computed(executor, cases[key]), await computed(reference, cases[key])];
    expect(result.shape).toEqual(expected.shape);
    expect(result.data.constructor).toBe(expected.data.constructor);
    expected.data.forEach((value, i) => {
      expect(Math.abs(result.data[i] - value)).toBeLessThan(2e-6 * Math.max(1, Math.abs(value)));
    });
  });

  it('trains two models with the same losses', async () => {
    for (const family of ['gpt2', 'llama'] as const) {
      const losses = await selfCheckLosses(executor, family);
      expect(losses.map((x) => x.toFixed(4))).toEqual(SELF_CHECK_LOSSES[family].map((x) => x.toFixed(4)));
    }
  });

  it('keeps state from run to run and leaves the values it was opened with alone', async () => {
    const session = await executor.open(adder(), start);
    expect([...(await session.run(fed)).get('doubled')!.data]).toEqual([2, 50]);
    expect([...(await session.run(fed)).get('doubled')!.data]).toEqual([4, 90]);
    const state = await session.readState();
    expect([...state.keys()]).toEqual(['total']);
    expect([...state.get('total')!.data]).toEqual([2, 45]);
    await session.run(fed);
    expect([...state.get('total')!.data]).toEqual([2, 45]);
    (await session.readState()).get('total')!.data.fill(99);
    expect([...(await session.readState()).get('total')!.data]).toEqual([3, 65]);
    await session.release();
    await session.release();
    await expect(session.run(fed)).rejects.toThrow('adder: expected an open session, got a released one.');
    await expect(session.readState()).rejects.toThrow('adder: expected an open session, got a released one.');
    expect([...start.get('total')!.data]).toEqual([0, 5]);
  });

  it('gives results that the next run does not change', async () => {
    const session = await executor.open(adder(), start);
    const first = (await session.run(fed)).get('doubled')!;
    await session.run(fed);
    expect([...first.data]).toEqual([2, 50]);
    await session.release();
  });

  it('refuses a run before the one before it has ended', async () => {
    const session = await executor.open(adder(), start);
    const [first, second] = await Promise.allSettled([session.run(fed), session.run(fed)]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ reason: { message: 'adder: expected one run at a time, got a second one.' } });
    expect([...(await session.run(fed)).get('doubled')!.data]).toEqual([4, 90]);
    await session.release();
  });

  it('shares state between sessions: what one writes the others read', async () => {
    const first = await executor.open(adder(), start);
    const reader = new GraphBuilder();
    const [total, more] = ['total', 'more'].map((key) => reader.input(key, [2], 'float32', 'state'));
    const next = ops.add(more, total);
    const graph = reader.finish('reader', new Map([['total', ops.add(total, 0)]]), new Map([['more', next]]));
    const second = await executor.open(graph, new Map([['more', floatTensor([2], [7, 8])]]), first);
    const third = await executor.open(adder(), new Map([['weight', start.get('weight')!]]), second);
    await first.run(fed);
    expect([...(await second.run(new Map())).get('total')!.data]).toEqual([1, 25]);
    await third.run(fed);
    expect([...(await second.run(new Map())).get('total')!.data]).toEqual([2, 45]);
    expect([...(await first.readState()).keys()]).toEqual(['total']);
    const state = await second.readState();
    expect([...state].map(([key, { data }]) => [key, ...data])).toEqual([
      ['more', 10, 78],
      ['total', 2, 45],
    ]);
    const both = await Promise.allSettled([first.run(fed), third.run(fed)]);
    expect(both[1]).toMatchObject({ reason: { message: 'adder: expected one run at a time, got a second one.' } });
    await first.release();
    expect([...(await third.run(fed)).get('doubled')!.data]).toEqual([8, 170]);
    await second.release();
    await third.release();
    await expect(executor.open(adder(), start, third)).rejects.toThrow(
      'adder: expected the state of an open session of this executor, got that of a released session.',
    );
  });

  it('refuses to share a state of another shape, and that of another executor', async () => {
    const first = await executor.open(adder(), start);
    const graph = new GraphBuilder();
    const total = graph.input('total', [3], 'float32', 'state');
    const other = graph.finish('other', new Map([['total', ops.add(total, 0)]]));
    await expect(executor.open(other, new Map(), first)).rejects.toThrow(
      "other, state 'total': expected float32 [3], got a shared state with float32 [2].",
    );
    const stranger = { ...first };
    await expect(executor.open(adder(), start, stranger)).rejects.toThrow(
      'adder: expected the state of an open session of this executor, got that of another one.',
    );
    await first.release();
  });

  it('takes inputs of any name, also those of helpers', async () => {
    for (const name of ['h0', 'v1', 'c1']) {
      const graph = new GraphBuilder();
      const y = ops.add(ops.sum(ops.multiply(graph.input(name, [2, 3]), 3), [1]), 1);
      const session = await executor.open(graph.finish('named', new Map([['y', y]])), new Map());
      const out = await session.run(new Map([[name, floatTensor([2, 3], [1, 2, 3, 4, 5, 6])]]));
      expect([...out.get('y')!.data]).toEqual([19, 46]);
      await session.release();
    }
  });

  it('takes feeds from shared memory', async () => {
    const session = await executor.open(adder(), start);
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([1, 2]);
    const out = await session.run(new Map([['fed', { shape: [2], data: shared }]]));
    expect([...out.get('doubled')!.data]).toEqual([2, 50]);
    await session.release();
  });

  it('says which weight or feed is wrong', async () => {
    await expect(executor.open(adder(), new Map())).rejects.toThrow(
      "adder, weight 'weight': expected float32 [2], got nothing.",
    );
    const session = await executor.open(adder(), start);
    await expect(session.run(new Map())).rejects.toThrow("adder, feed 'fed': expected float32 [2], got nothing.");
    await expect(session.run(new Map([['fed', floatTensor([1, 2], [1, 2])]]))).rejects.toThrow(
      "adder, feed 'fed': expected float32 [2], got float32 [1, 2] with 2 elements.",
    );
    await expect(session.run(new Map([['fed', intTensor([2], [1, 2])]]))).rejects.toThrow('got int32 [2]');
    await expect(session.run(new Map([...fed, ['more', x]]))).rejects.toThrow("adder: expected feeds fed, got 'more'.");
    await session.release();
  });
});

afterAll(() => {
  for (const [name, reason] of refused) console.warn(`skipped: ${name}: ${reason}`);
});

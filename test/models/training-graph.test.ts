import { describe, expect, it } from 'vitest';
import { onnxruntimeNode } from '../../src/models/executors/onnxruntime-node.ts';
import { reference } from '../../src/models/executors/reference.ts';
import { GraphBuilder } from '../../src/models/graph/graph.ts';
import { matmul, swapLast } from '../../src/models/graph/ops.ts';
import { crossEntropy, negativeLogLikelihood } from '../../src/models/losses.ts';
import { newModel } from '../../src/models/new-model.ts';
import { logitsGraph, scoringGraph } from '../../src/models/scorers/scoring-graph.ts';
import { floatTensor, intTensor, type Tensor } from '../../src/models/tensor.ts';
import { type TrainingOptions, trainedModel, trainingGraph, trainingState } from '../../src/models/training-graph.ts';
import { seededRandom } from '../../src/random.ts';

const model = newModel({ family: 'llama', vocabulary: 32, width: 16, layers: 2, heads: 2, context: 16 }, 4);

function feeds(step: number, weight: (i: number) => number, rate = 0.01): Map<string, Tensor> {
  const numbers = (f: (i: number) => number) =>
    intTensor(
      [2, 16],
      Int32Array.from({ length: 32 }, (_, i) => f(i)),
    );
  return new Map([
    ['tokens', numbers((i) => (i * 5) % 32)],
    ['positions', numbers((i) => i % 16)],
    ['segments', numbers(() => 0)],
    ['targets', numbers((i) => (i * 5 + 5) % 32)],
    [
      'target_weights',
      floatTensor(
        [2, 16],
        Float32Array.from({ length: 32 }, (_, i) => weight(i)),
      ),
    ],
    ['learning_rate', floatTensor([], [rate])],
    ['step', floatTensor([], [step])],
  ]);
}

async function train(steps: number, options: Partial<TrainingOptions> = {}, weight = (_: number) => 1, rate = 0.01) {
  const graph = trainingGraph(model.config, { rows: 2, length: 16, ...options });
  const session = await (await onnxruntimeNode()).open(graph, trainingState(model, graph));
  const losses: number[] = [];
  const norms: number[] = [];
  let nll: ArrayLike<number> = [];
  for (let step = 1; step <= steps; step++) {
    const out = await session.run(feeds(step, weight, rate));
    losses.push(out.get('loss')!.data[0]);
    norms.push(out.get('gradient_norm')!.data[0]);
    nll = out.get('nll')!.data;
  }
  const state = await session.readState();
  await session.release();
  return { losses, norms, nll, state };
}

describe('training', () => {
  it('learns', async () => {
    const { losses } = await train(60);
    expect(losses[0]).toBeCloseTo(Math.log(32), 1);
    expect(losses[59]).toBeLessThan(0.1);
  });

  it('weighs every target: the loss is the weighted mean of the outputs', async () => {
    const weight = (i: number) => (i < 16 ? 0 : i % 3);
    const { losses, nll } = await train(1, {}, weight);
    const total = Array.from(nll).reduce((s, x, i) => s + weight(i) * x, 0);
    expect(losses[0]).toBeCloseTo(total / Array.from(nll).reduce((s, _, i) => s + weight(i), 0), 5);
  });

  it('with no target at all moves nothing but by decay', async () => {
    const { losses, norms, state } = await train(1, {}, () => 0);
    expect([losses, norms]).toEqual([[0], [0]]);
    for (const [name, { data, shape }] of model.weights)
      expect(state.get(name)!.data).toEqual(
        data.map((x) => (shape.length > 1 ? x * Math.fround(1 - 0.01 * Math.fround(0.1)) : x)),
      );
  });

  it('gives a model that scores better than the one before, and forgets its moments', async () => {
    const { state, losses } = await train(40);
    const after = trainedModel(model, state);
    expect([...after.weights.keys()]).toEqual([...model.weights.keys()]);
    const session = await (await onnxruntimeNode()).open(
      scoringGraph(model.config, { rows: 2, length: 16 }),
      after.weights,
    );
    const nll = (await session.run(new Map([...feeds(1, () => 1)].slice(0, 4)))).get('nll')!.data;
    await session.release();
    expect(Array.from(nll).reduce((a, b) => a + b) / 32).toBeLessThan(losses[39]);
  });

  it('leaves alone what it does not train, and needs no moments for it', async () => {
    const { state } = await train(2, { trains: (name) => name.includes('layers.1.mlp') });
    const names = [...state.keys()];
    expect(names.filter((n) => !n.startsWith('adam.'))).toEqual(
      ['gate_proj', 'up_proj', 'down_proj'].map((p) => `model.layers.1.mlp.${p}.weight`),
    );
    expect(names).toHaveLength(9);
    for (const name of names.slice(0, 1)) expect(state.get(name)!.data).not.toEqual(model.weights.get(name)!.data);
  });

  it('clips: of a gradient ten times too long a tenth is left', async () => {
    const free = await train(1, { clip: Number.POSITIVE_INFINITY, weightDecay: 0 });
    const clipped = await train(1, { clip: free.norms[0] / 10, weightDecay: 0 });
    expect(clipped.norms[0]).toBeCloseTo(free.norms[0], 6);
    const m = (run: typeof free) => run.state.get('adam.m.model.norm.weight')!.data;
    m(free).forEach((x, i) => {
      expect(m(clipped)[i]).toBeCloseTo(x / 10, 6);
    });
  });

  it('moves every weight by the learning rate in the first step, as Adam does', async () => {
    const { state } = await train(1, { weightDecay: 0 }, undefined, 0.003);
    const before = model.weights.get('lm_head.weight')!.data;
    const moved = state.get('lm_head.weight')!.data.map((x, i) => Math.abs(x - before[i]));
    expect(Math.max(...moved)).toBeCloseTo(0.003, 5);
    expect(moved.filter((d) => Math.abs(d - 0.003) < 1e-5).length).toBeGreaterThan(500);
  });

  it('is the same on one executor twice', async () => {
    const [a, b] = [await train(3), await train(3)];
    expect([...a.state]).toEqual([...b.state]);
  });
});

describe('graphs', () => {
  it('are not longer than the context', () => {
    for (const graph of [scoringGraph, logitsGraph, trainingGraph])
      expect(() => graph(model.config, { rows: 1, length: 17 })).toThrow(
        "graph of a llama model: expected at least 1 row of 1 to 16 tokens (the model's context), got 1 rows of 17.",
      );
    expect(() => scoringGraph(model.config, { rows: 0, length: 4 })).toThrow('got 0 rows of 4.');
  });

  it('say which weight is missing or has another shape', async () => {
    const executor = await onnxruntimeNode();
    const graph = scoringGraph(model.config, { rows: 1, length: 4 });
    const weights = new Map(model.weights);
    weights.set('model.norm.weight', floatTensor([2], [1, 1]));
    await expect(executor.open(graph, weights)).rejects.toThrow(
      "llama score 1x4, weight 'model.norm.weight': expected float32 [16], got float32 [2] with 2 elements.",
    );
  });
});

it('a large vocabulary is scored part by part with the same result', async () => {
  const [n, vocabulary] = [80, 1 << 18];
  const random = seededRandom(1);
  const of = (count: number) => Float32Array.from({ length: count }, () => random.normal());
  const graph = new GraphBuilder();
  const hidden = graph.constant(floatTensor([n, 2], of(2 * n)));
  const output = graph.input('output', [vocabulary, 2], 'float32', 'weight');
  const targets = graph.constant(
    intTensor(
      [n],
      Int32Array.from({ length: n }, (_, i) => i * 3000),
    ),
  );
  const parts = negativeLogLikelihood(hidden, output, targets);
  expect(graph.nodes.filter((node) => node.op === 'matmul')).toHaveLength(2);
  const whole = crossEntropy(matmul(hidden, swapLast(output)), targets);
  const made = graph.finish(
    'large',
    new Map([
      ['parts', parts],
      ['whole', whole],
    ]),
  );
  const session = await (await onnxruntimeNode()).open(
    made,
    new Map([['output', floatTensor([vocabulary, 2], of(2 * vocabulary))]]),
  );
  const out = await session.run(new Map());
  await session.release();
  expect(out.get('parts')!.shape).toEqual([n]);
  out.get('parts')!.data.forEach((x, i) => {
    expect(x).toBeCloseTo(out.get('whole')!.data[i], 4);
  });
});

it('weights that are fed give the scores of weights that are packed', async () => {
  const given = new Map([...feeds(1, () => 1)].slice(0, 4));
  const scores: ArrayLike<number>[] = [];
  for (const constantBytes of [0, 1e9]) {
    const executor = await onnxruntimeNode({ constantBytes });
    const session = await executor.open(scoringGraph(model.config, { rows: 2, length: 16 }), model.weights);
    scores.push((await session.run(given)).get('nll')!.data);
    await session.release();
  }
  Array.from(scores[0]).forEach((x, i) => {
    expect(scores[1][i]).toBeCloseTo(x, 5);
  });
});

it('the reference executor scores as onnxruntime does', async () => {
  const size = { rows: 2, length: 16 };
  const given = new Map([...feeds(1, () => 1)].slice(0, 4));
  const [a, b] = await Promise.all(
    [reference, await onnxruntimeNode()].map(async (executor) => {
      const session = await executor.open(scoringGraph(model.config, size), model.weights);
      return (await session.run(given)).get('nll')!.data;
    }),
  );
  a.forEach((x, i) => {
    expect(b[i]).toBeCloseTo(x, 5);
  });
});

import { describe, expect, it } from 'vitest';
import type { Tensors } from '../../src/models/executors/executor.ts';
import { onnxruntimeNode } from '../../src/models/executors/onnxruntime-node.ts';
import { neededFor } from '../../src/models/graph/graph.ts';
import { interpret, type Wide } from '../../src/models/graph/interpret.ts';
import type { LanguageModel } from '../../src/models/language-model.ts';
import { newModel } from '../../src/models/new-model.ts';
import { packedRows } from '../../src/models/packed-rows.ts';
import { elementCount, type Tensor } from '../../src/models/tensor.ts';
import { openTrainer, type Trainer } from '../../src/models/trainer.ts';
import { gradientGraph, trainingGraph, trainingState } from '../../src/models/training-graph.ts';
import { named } from '../../src/models/transform.ts';
import { seededRandom } from '../../src/random.ts';
import { transformCases } from './transform-cases.ts';

const families = ['gpt2', 'neox', 'llama'] as const;
const size = { rows: 2, length: 8 };
const modelOf = (family: (typeof families)[number], layers = 2) =>
  newModel({ family, vocabulary: 13, width: 16, layers, heads: 2, feedForward: 12, context: 8 }, 6);
const batchOf = (seed: number) => {
  const ids = (n: number, r: number) => Array.from({ length: n }, (_, i) => (seed * 5 + r + i * i * 3 + i) % 13);
  return packedRows(
    [
      { ids: ids(8, 0), starts: [0, 3], next: 4 },
      { ids: ids(7, 2), weight: 0.5 },
    ],
    8,
  );
};
const executor = await onnxruntimeNode();

/** Three steps: the loss of each, and the state after them. */
async function trained(opening: Promise<Trainer>) {
  const trainer = await opening;
  const losses: number[] = [];
  for (let step = 1; step <= 3; step++) losses.push((await trainer.step([batchOf(step)], step, 0.02)).loss);
  const state = await trainer.readState();
  await trainer.release();
  return { losses, state };
}
const unchanged = modelOf('llama');
const plain = await trained(openTrainer(executor, unchanged, size));

describe.each(Object.entries(transformCases))('%s', (_, { transform, off, options = {} }) => {
  const open = (model: LanguageModel, state: Tensors | null = null, transforms = [transform]) =>
    openTrainer(executor, model, { ...size, ...options, transforms }, state);
  const feedsOf = async (model: LanguageModel, step: number): Promise<Map<string, Tensor>> => {
    const batch = batchOf(step);
    const own = (await transform.feeds?.({ step, part: 0 }, batch, model.config)) ?? new Map<string, Tensor>();
    return new Map([...batch, ...named(transform, own)]);
  };

  it.each(families)('has the gradients of central differences, of every weight of a %s', async (family) => {
    const model = modelOf(family);
    const graph = gradientGraph(model.config, { ...size, ...options, transforms: [transform] });
    const random = seededRandom(3, 'transform');
    // Away from the values that a training begins with: an adapter of zeros has a gradient of zero.
    const values = new Map<string, Wide>(
      [...trainingState(model, graph, [transform])].map(([name, { shape, data }]) => [
        name,
        { shape, data: Float64Array.from(data, (x) => (name.startsWith('gradient') ? 0 : x + 0.3 * random.normal())) },
      ]),
    );
    const inputs = new Map<string, Tensor | Wide>([...values, ...(await feedsOf(model, 3))]);
    const outputs = new Map([...graph.outputs, ...graph.stateOutputs].map(({ name, value }) => [name, value]));
    const computed = interpret(graph, inputs);
    // The gradients are those of the sum that `loss` is the mean of.
    const [mean, weight] = [outputs.get('loss')!, outputs.get('weight')!];
    const forward = { ...graph, nodes: neededFor(graph.nodes, [mean, weight]).nodes };
    const loss = () => {
      const now = interpret(forward, inputs);
      return now[mean].data[0] * now[weight].data[0];
    };
    const gradients = [...outputs.keys()].filter((name) => name.startsWith('gradient.'));
    expect(gradients.length).toBeGreaterThan(0);
    for (const name of gradients) {
      const { data } = values.get(name.slice('gradient.'.length))!;
      const gradient = computed[outputs.get(name)!].data;
      for (const i of [random.below(data.length)]) {
        const before = data[i];
        data[i] = before + 1e-5;
        const up = loss();
        data[i] = before - 1e-5;
        const down = loss();
        data[i] = before;
        expect(Math.abs((up - down) / 2e-5 - gradient[i]), `${name}[${i}]`).toBeLessThan(1e-6);
      }
    }
  });

  it('changes what is trained, and off trains as without it, bit for bit', async () => {
    expect((await trained(open(unchanged))).losses).not.toEqual(plain.losses);
    if (off === null) return;
    const without = await trained(open(unchanged, null, [off]));
    expect(without.losses[0]).toBe(plain.losses[0]);
    for (const [name, { data }] of without.state)
      if (plain.state.has(name)) expect(plain.state.get(name)!.data, name).toEqual(data);
  });

  it('goes on from a state with the same bits, after steps of one batch and of several', async () => {
    const model = modelOf('gpt2', 1);
    const batches = (step: number) => (step % 2 === 0 ? [batchOf(step), batchOf(step + 20)] : [batchOf(step)]);
    const straight = await open(model);
    for (let step = 1; step <= 3; step++) await straight.step(batches(step), step, 0.02);
    let state: Tensors | null = null;
    for (let step = 1; step <= 3; step++) {
      const trainer = await open(model, state);
      await trainer.evaluate(batchOf(9));
      await trainer.step(batches(step), step, 0.02);
      state = await trainer.readState();
      await trainer.release();
    }
    expect(state).toEqual(await straight.readState());
    await straight.release();
  });

  it('names its feeds and its state after itself, and gives all of them', async () => {
    const model = modelOf('neox');
    const { inputs } = trainingGraph(model.config, { ...size, ...options, transforms: [transform] });
    const plain = new Set(trainingGraph(model.config, { ...size, ...options }).inputs.map(({ name }) => name));
    const ownOf = (kind: string) =>
      inputs.filter((i) => i.kind === kind && !plain.has(i.name)).map((i) => i.name.replace(/^adam\.[mv]\./, ''));
    const own = [...ownOf('feed'), ...ownOf('state'), ...ownOf('weight')];
    expect(own.filter((name) => !name.startsWith(`${transform.name}.`))).toEqual([]);
    const given = [...(await feedsOf(model, 1)).keys()].filter((name) => !plain.has(name));
    expect(given.sort()).toEqual(ownOf('feed').sort());
    const state = [...named(transform, transform.state?.(model.config) ?? new Map()).keys()];
    expect(state.sort()).toEqual([...new Set(ownOf('state'))].sort());
  });

  it('says what it does as JSON', () => {
    expect(JSON.parse(JSON.stringify(transform.options))).toEqual(transform.options);
  });

  it('is fed by a function of the step', async () => {
    const model = modelOf('llama');
    const [a, again] = [await feedsOf(model, 4), await feedsOf(model, 4)];
    expect([...again]).toEqual([...a]);
    for (const { shape, data } of a.values()) expect(data.length).toBe(elementCount(shape));
  });
});

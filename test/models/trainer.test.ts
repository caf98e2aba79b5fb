import { describe, expect, it } from 'vitest';
import type { Tensors } from '../../src/models/executors/executor.ts';
import { onnxruntimeNode } from '../../src/models/executors/onnxruntime-node.ts';
import { openInThread } from '../../src/models/executors/thread.ts';
import { newModel } from '../../src/models/new-model.ts';
import { type PackedRow, packedRows } from '../../src/models/packed-rows.ts';
import { scoringGraph } from '../../src/models/scorers/scoring-graph.ts';
import { openTrainer } from '../../src/models/trainer.ts';
import { trainingGraph, trainingState } from '../../src/models/training-graph.ts';

const model = newModel({ family: 'llama', vocabulary: 32, width: 16, layers: 2, heads: 2, context: 16 }, 4);
const size = { rows: 2, length: 16 };
const executor = await onnxruntimeNode();
const ids = (n: number, first: number) => Array.from({ length: n }, (_, i) => (first + i * i * 3 + i * 7) % 32);
const row = (seed: number): PackedRow => ({ ids: ids(16, seed), starts: [0, 5 + (seed % 3)], next: seed % 32 });
const batch = (...seeds: number[]) => packedRows(seeds.map(row), 16);

const worst = (a: Tensors, b: Tensors) => {
  expect([...a.keys()]).toEqual([...b.keys()]);
  let largest = 0;
  for (const [name, { data }] of a)
    data.forEach((x, i) => {
      largest = Math.max(largest, Math.abs(x - b.get(name)!.data[i]));
    });
  return largest;
};

describe('a trainer', () => {
  it('steps as the bare training graph does, bit for bit', async () => {
    const trainer = await openTrainer(executor, model, size);
    const graph = trainingGraph(model.config, size);
    const bare = await executor.open(graph, trainingState(model, graph));
    for (let step = 1; step <= 3; step++) {
      const told = await trainer.step([batch(step, step + 9)], step, 0.01);
      const scalar = (x: number) => ({ shape: [], data: Float32Array.of(x) });
      const out = await bare.run(
        new Map([...batch(step, step + 9), ['learning_rate', scalar(0.01)], ['step', scalar(step)]]),
      );
      expect([told.loss, told.gradientNorm]).toEqual([out.get('loss')!.data[0], out.get('gradient_norm')!.data[0]]);
    }
    expect(await trainer.readState()).toEqual(await bare.readState());
    await trainer.release();
    await bare.release();
  });

  it('tells the loss of every row', async () => {
    const trainer = await openTrainer(executor, model, size);
    const feeds = packedRows(
      [
        { ...row(3), weight: 0.5 },
        { ids: ids(4, 1), weight: [3, 0, 1, 1] },
      ],
      16,
    );
    const nll = [...(await trainer.evaluate(feeds)).data];
    const { rows, loss } = await trainer.step([feeds], 1, 0.01);
    const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
    // The last token of the first document has no target; of the second row the second target is not trained on.
    expect(rows.map((r) => r.targets)).toEqual([15, 2]);
    expect(rows[0].nll).toBeCloseTo(sum(nll.slice(0, 16)), 4);
    expect(rows[1].nll).toBeCloseTo(nll[16] + nll[18], 4);
    const weighted = 0.5 * sum(nll.slice(0, 16)) + 3 * nll[16] + nll[18];
    expect(loss).toBeCloseTo(weighted / (0.5 * 15 + 3 + 1), 5);
    await trainer.release();
  });

  it('accumulates: parts of any size are one large batch', async () => {
    const whole = await openTrainer(executor, model, { ...size, rows: 4 });
    const parts = await openTrainer(executor, model, { ...size, rows: 1 });
    for (let step = 1; step <= 4; step++) {
      const short: PackedRow = { ids: ids(3, step), weight: 2 };
      const rows = [row(step), short, row(step + 5), row(step + 20)];
      const a = await whole.step([packedRows(rows, 16)], step, 0.01);
      const b = await parts.step(
        rows.map((r) => packedRows([r], 16)),
        step,
        0.01,
      );
      expect(b.loss).toBeCloseTo(a.loss, 5);
      expect(b.gradientNorm).toBeCloseTo(a.gradientNorm, 5);
      expect(b.rows.map((r) => r.targets)).toEqual([15, 2, 15, 15]);
      a.rows.forEach((r, i) => {
        expect(b.rows[i].nll).toBeCloseTo(r.nll, 4);
      });
    }
    // Adam divides by its second moment, so the last digit of a small gradient shows: by 0.04 weights moved.
    expect(worst(await whole.readState(), await parts.readState())).toBeLessThan(1e-4);
    await whole.release();
    await parts.release();
  });

  it('accumulates from 0 again after each step, and between steps of one batch', async () => {
    const a = await openTrainer(executor, model, size);
    const b = await openTrainer(executor, model, size);
    await a.step([batch(1, 2), batch(3, 4)], 1, 0.01);
    const state = await a.readState();
    expect([...state.keys()].filter((name) => name.startsWith('gradient'))).toEqual([]);
    await b.release();
    const again = await openTrainer(executor, model, size, state);
    for (const trainer of [a, again]) {
      await trainer.step([batch(5, 6)], 2, 0.01);
      await trainer.step([batch(7, 8), batch(9, 10)], 3, 0.01);
    }
    expect(await again.readState()).toEqual(await a.readState());
    await a.release();
    await again.release();
  });

  it('evaluates with the weights of now and changes nothing', async () => {
    const [plain, watched] = [await openTrainer(executor, model, size), await openTrainer(executor, model, size)];
    for (let step = 1; step <= 3; step++) {
      await plain.step([batch(step, 7)], step, 0.01);
      await watched.step([batch(step, 7)], step, 0.01);
      const before = await watched.readState();
      const nll = await watched.evaluate(batch(20, 21));
      expect(await watched.readState()).toEqual(before);
      const scorer = await executor.open(scoringGraph(model.config, size), (await watched.model()).weights);
      const feeds = new Map([...batch(20, 21)].filter(([name]) => name !== 'target_weights'));
      const expected = (await scorer.run(feeds)).get('nll')!.data;
      nll.data.forEach((x, i) => {
        expect(x).toBeCloseTo(expected[i], 5);
      });
      await scorer.release();
    }
    expect(await watched.readState()).toEqual(await plain.readState());
    await plain.release();
    await watched.release();
  });

  it('goes on from a state bit for bit, in another thread too', async () => {
    const straight = await openTrainer(executor, model, size);
    for (let step = 1; step <= 6; step++) await straight.step([batch(step, step)], step, 0.01);
    const thread = await openInThread('onnxruntime-cpu');
    let state: Tensors | null = null;
    for (let step = 1; step <= 6; step++) {
      const trainer = await openTrainer(thread, model, size, state);
      await trainer.evaluate(batch(1, 1));
      await trainer.step([batch(step, step)], step, 0.01);
      state = await trainer.readState();
      await trainer.release();
    }
    await thread.close();
    expect(state).toEqual(await straight.readState());
    await straight.release();
  });

  it('trains only what it is told to; the rest is not in its state and is evaluated with', async () => {
    const trains = (name: string) => name.includes('layers.1.');
    const trainer = await openTrainer(executor, model, { ...size, trains });
    const first = (await trainer.evaluate(batch(1, 2))).data[0];
    await trainer.step([batch(1, 2), batch(3, 4)], 1, 0.05);
    const state = await trainer.readState();
    expect([...state.keys()].every((name) => name.includes('layers.1.'))).toBe(true);
    expect((await trainer.evaluate(batch(1, 2))).data[0]).not.toBe(first);
    const after = (await trainer.model()).weights;
    for (const [name, { data }] of model.weights) expect(after.get(name)!.data !== data).toBe(trains(name));
    await trainer.release();
  });
});

it('documents of one row do not see each other, in training too', async () => {
  const trainer = await openTrainer(executor, model, { rows: 1, length: 16 });
  const nllOf = async (first: number[]) => {
    const feeds = packedRows([{ ids: [...first, ...ids(9, 4)], starts: [0, 7] }], 16);
    return [...(await trainer.evaluate(feeds)).data.slice(7)];
  };
  expect(await nllOf(ids(7, 1))).toEqual(await nllOf(ids(7, 2)));
  await trainer.release();
});

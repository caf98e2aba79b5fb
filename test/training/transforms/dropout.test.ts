import { describe, expect, it } from 'vitest';
import { onnxruntimeNode } from '../../../src/models/executors/onnxruntime-node.ts';
import { reference } from '../../../src/models/executors/reference.ts';
import { GraphBuilder } from '../../../src/models/graph/graph.ts';
import { expand } from '../../../src/models/graph/ops.ts';
import { modelConfig } from '../../../src/models/language-model.ts';
import { packedRows } from '../../../src/models/packed-rows.ts';
import { dropout } from '../../../src/training/transforms/dropout.ts';

const config = modelConfig({ width: 64, layers: 1, heads: 2, context: 64 });
const batch = packedRows([{ ids: [] }, { ids: [] }, { ids: [] }, { ids: [] }], 64);
const executor = await onnxruntimeNode();

/** What the place of the first residual makes of ones: 256 x 64 numbers. */
async function maskOf(rate: number, step: number, seed = 1, on = executor): Promise<Float32Array> {
  const transform = dropout({ rate, seed });
  const graph = new GraphBuilder();
  const hooks = transform.build!({
    ...{ graph, config, rows: 4, length: 64, training: true },
    weights: () => graph.scalar(0),
    feed: (name, shape, type) => graph.input(name, shape, type),
    trained: () => graph.scalar(0),
  });
  const mask = hooks.residual!(expand(graph.scalar(1), [256, 64]), 0);
  const whole = graph.finish('mask', new Map([['mask', mask]]));
  const known = new Set(whole.inputs.map(({ name }) => name));
  const feeds = await transform.feeds!({ step, part: 0 }, batch, config);
  const session = await on.open(whole, new Map());
  const out = await session.run(new Map([...feeds].filter(([name]) => known.has(name))));
  await session.release();
  return out.get('mask')!.data as Float32Array;
}

const mean = (list: Iterable<number>) => {
  const all = [...list];
  return all.reduce((a, b) => a + b, 0) / all.length;
};

describe('dropout', () => {
  it('keeps the mean: what is left is divided by its share', async () => {
    for (const rate of [0.1, 0.5, 0.9]) {
      const dropped = Math.round(rate * 1021) / 1021;
      const mask = await maskOf(rate, 1);
      const values = [...new Set(mask)].sort();
      expect(values[0]).toBe(0);
      expect(values[1]).toBeCloseTo(1 / (1 - dropped), 5);
      expect(values).toHaveLength(2);
      // 16,384 elements: three standard deviations of the share.
      const share = mean(Array.from(mask, (x) => Number(x === 0)));
      expect(Math.abs(share - dropped)).toBeLessThan(3 * Math.sqrt((dropped * (1 - dropped)) / mask.length));
    }
  });

  it('drops elements of rows, of columns and of steps independently', async () => {
    const [first, second] = [await maskOf(0.5, 1), await maskOf(0.5, 2)];
    const at = (mask: Float32Array, row: number, column: number) => Number(mask[row * 64 + column] > 0);
    const correlation = (pair: (i: number, j: number) => readonly [number, number], rows: number, columns: number) => {
      const pairs = Array.from({ length: rows * columns }, (_, k) => pair(Math.floor(k / columns), k % columns));
      const [a, b] = [mean(pairs.map(([x]) => x)), mean(pairs.map(([, y]) => y))];
      const together = mean(pairs.map(([x, y]) => (x - a) * (y - b)));
      return Math.abs(together / Math.sqrt(a * (1 - a) * b * (1 - b)));
    };
    // A correlation of independent elements has a standard deviation of 1 / sqrt(16,000) = 0.008.
    expect(correlation((i, j) => [at(first, i, j), at(first, i + 1, j)], 255, 64)).toBeLessThan(0.03);
    expect(correlation((i, j) => [at(first, i, j), at(first, i, j + 1)], 256, 63)).toBeLessThan(0.03);
    expect(correlation((i, j) => [at(first, i, j), at(first, (i * 7 + 5) % 256, j)], 256, 64)).toBeLessThan(0.03);
    expect(correlation((i, j) => [at(first, i, j), at(second, i, j)], 256, 64)).toBeLessThan(0.03);
    // No row and no column is dropped much more than others: five standard deviations.
    for (let i = 0; i < 256; i++)
      expect(Math.abs(mean(Array.from({ length: 64 }, (_, j) => at(first, i, j))) - 0.5)).toBeLessThan(5 / 16);
    for (let j = 0; j < 64; j++)
      expect(Math.abs(mean(Array.from({ length: 256 }, (_, i) => at(first, i, j))) - 0.5)).toBeLessThan(5 / 32);
  });

  it('is the same on every executor, and another with another seed', async () => {
    expect(await maskOf(0.3, 4, 1, reference)).toEqual(await maskOf(0.3, 4));
    expect(await maskOf(0.3, 4, 2)).not.toEqual(await maskOf(0.3, 4));
  });

  it('late drops nothing before its first step', async () => {
    const late = dropout({ rate: 0.5, from: 5 });
    const droppedAt = async (step: number) =>
      (await late.feeds!({ step, part: 0 }, batch, config)).get('dropped')!.data[0];
    expect([await droppedAt(1), await droppedAt(4), await droppedAt(5)]).toEqual([0, 0, 511]);
  });

  it('refuses a rate that is none', () => {
    for (const rate of [1, -0.1, Number.NaN])
      expect(() => dropout({ rate })).toThrow(`dropout: expected a rate from 0 to below 1, got ${rate}.`);
  });
});

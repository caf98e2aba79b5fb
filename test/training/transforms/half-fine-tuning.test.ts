import { describe, expect, it } from 'vitest';
import { onnxruntimeNode } from '../../../src/models/executors/onnxruntime-node.ts';
import { type Family, modelConfig } from '../../../src/models/language-model.ts';
import { newModel, parameterCount } from '../../../src/models/new-model.ts';
import { packedRows } from '../../../src/models/packed-rows.ts';
import { openTrainer } from '../../../src/models/trainer.ts';
import { frozenHalf, halfFineTuning } from '../../../src/training/transforms/half-fine-tuning.ts';

const shape = { width: 32, layers: 6, heads: 4, context: 8, vocabulary: 20 };
const configOf = (family: Family) => modelConfig({ ...shape, family });

describe('the frozen half', () => {
  it('of a Llama has 2 of query, key, value, output, 2 or 1 of the feed-forward block, and half of the norms', () => {
    for (const round of [0, 1, 2]) {
      const names = [...frozenHalf(configOf('llama'), 3, round)];
      const feedForward: number[] = [];
      for (let layer = 0; layer < 6; layer++) {
        const of = (part: string) => names.filter((name) => name.includes(`layers.${layer}.${part}`)).length;
        expect(of('self_attn')).toBe(2);
        feedForward.push(of('mlp'));
      }
      expect(feedForward.toSorted()).toEqual([1, 1, 1, 2, 2, 2]);
      expect(names.filter((name) => name.includes('norm'))).toHaveLength(6);
      expect(names.filter((name) => /embed|lm_head/.test(name))).toEqual([]);
    }
  });

  it.each(['gpt2', 'neox'] as const)('of a %s takes the bias with its matrix', (family) => {
    const names = frozenHalf(configOf(family), 3, 0);
    const ends = [...names].map((name) => name.replace(/(weight|bias)$/, ''));
    for (const end of ends) expect([names.has(`${end}weight`), names.has(`${end}bias`)]).toEqual([true, true]);
    for (let layer = 0; layer < 6; layer++)
      expect(ends.filter((end) => end.includes(`.${layer}.`) && /\.(attn|attention|mlp)\./.test(end))).toHaveLength(4);
  });

  it('is about half of the parameters of the layers, and another one every round', () => {
    const config = configOf('llama');
    const layers = parameterCount(config) - 2 * 20 * 32;
    const size = (round: number) => {
      const model = newModel(config, 1);
      return [...frozenHalf(config, 3, round)].reduce((n, name) => n + model.weights.get(name)!.data.length, 0);
    };
    for (const round of [0, 1, 2, 3]) expect(Math.abs(size(round) / layers - 0.5)).toBeLessThan(0.1);
    const drawn = [0, 1, 2, 3].map((round) => [...frozenHalf(config, 3, round)].join());
    expect(new Set(drawn).size).toBe(4);
    expect([...frozenHalf(config, 3, 1)].join()).toBe(drawn[1]);
    expect([...frozenHalf(config, 4, 1)].join()).not.toBe(drawn[1]);
  });
});

it('what is frozen does not move, does not decay and has no moments; the next round moves the other half', async () => {
  let model = newModel(configOf('llama'), 2);
  const executor = await onnxruntimeNode();
  for (const round of [0, 1]) {
    const transforms = [halfFineTuning({ seed: 3, round })];
    const trainer = await openTrainer(executor, model, { rows: 1, length: 8, transforms });
    for (let step = 1; step <= 2; step++)
      await trainer.step([packedRows([{ ids: [1, 5, 2, 9, step, 7, 3, 4] }], 8)], step, 0.01);
    const [state, after] = [await trainer.readState(), await trainer.model()];
    await trainer.release();
    const frozen = frozenHalf(model.config, 3, round);
    for (const [name, { data }] of model.weights) {
      expect(after.weights.get(name)!.data === data, name).toBe(frozen.has(name));
      expect(state.has(`adam.m.${name}`)).toBe(!frozen.has(name));
      if (!frozen.has(name)) expect(after.weights.get(name)!.data).not.toEqual(data);
    }
    model = after;
  }
});

import { describe, expect, it } from 'vitest';
import { type LanguageModelConfig, modelConfig } from '../../src/models/language-model.ts';
import { newModel, parameterCount } from '../../src/models/new-model.ts';

const deviation = (data: ArrayLike<number>) => Math.sqrt(Array.from(data).reduce((s, x) => s + x * x, 0) / data.length);

describe('a new model', () => {
  // 256 x 128 + 256 x 128 + 4 x (12 x 128^2 + 13 x 128) + 2 x 128.
  it('of the benchmark has 0.86 million weights', () => {
    const config = modelConfig({ family: 'gpt2', width: 128, layers: 4, heads: 4 });
    expect(parameterCount(config)).toBe(858_880);
    const { weights } = newModel(config, 1);
    expect([...weights.values()].reduce((n, w) => n + w.data.length, 0)).toBe(858_880);
  });

  it('is the same for the same seed, and another for another', () => {
    const options = { width: 16, layers: 2, heads: 2 };
    const [a, b, c] = [newModel(options, 1), newModel(options, 1), newModel(options, 2)];
    const name = 'model.layers.0.mlp.up_proj.weight';
    expect([...a.weights]).toEqual([...b.weights]);
    expect(a.weights.get(name)!.data).not.toEqual(c.weights.get(name)!.data);
  });

  it('gives a weight the same numbers whatever the other layers are', () => {
    const [two, three] = [2, 3].map((layers) => newModel({ width: 16, layers, heads: 2 }, 1).weights);
    const name = 'model.layers.1.self_attn.q_proj.weight';
    expect(two.get(name)).toEqual(three.get(name));
  });

  it('has deviations of 0.02, less at the ends of residual branches, norms of 1 and biases of 0', () => {
    const { weights } = newModel({ family: 'gpt2', width: 64, layers: 8, heads: 2 }, 1);
    const of = (name: string) => weights.get(`transformer.${name}`)!.data;
    expect(deviation(of('h.3.mlp.c_fc.weight'))).toBeCloseTo(0.02, 3);
    expect(deviation(of('h.3.mlp.c_proj.weight'))).toBeCloseTo(0.005, 3);
    expect(new Set(of('ln_f.weight'))).toEqual(new Set([1]));
    expect(new Set(of('h.0.attn.c_attn.bias'))).toEqual(new Set([0]));
  });
});

describe('a model that cannot be', () => {
  const good = modelConfig({ family: 'gpt2', width: 16, layers: 2, heads: 4 });
  const wrong: readonly (readonly [changes: Partial<LanguageModelConfig>, message: string])[] = [
    [{ layers: 1.5 }, 'gpt2 model: expected a whole number above 0 for layers, got 1.5.'],
    [{ headWidth: 5 }, 'expected a width that is heads (4) x width of a head, got 16.'],
    [{ kvHeads: 2 }, 'expected 4 kvHeads (gpt2 has no shared ones), got 2.'],
    [{ family: 'llama', kvHeads: 3 }, 'expected a number of kvHeads that divides 4 heads, got 3.'],
    [
      { rope: { base: 1e4, fraction: 0.25, scaling: null } },
      'expected an even number of rotated places a head, from 2 to 4, got 1.',
    ],
  ];
  it.each(wrong)('%o', (changes, message) => {
    expect(() => newModel({ ...good, ...changes }, 1)).toThrow(message);
  });
});

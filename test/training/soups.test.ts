import { describe, expect, it } from 'vitest';
import type { LanguageModel } from '../../src/models/language-model.ts';
import { newModel } from '../../src/models/new-model.ts';
import { greedySoup, interpolated, interpolationCurve, uniformSoup } from '../../src/training/soups.ts';

const base = newModel({ width: 8, layers: 1, heads: 2, context: 8, vocabulary: 10 }, 1);
/** The base with a number in all places. */
const filled = (x: number): LanguageModel => ({
  config: base.config,
  weights: new Map(
    [...base.weights].map(([name, t]) => [name, { ...t, data: new Float32Array(t.data.length).fill(x) }]),
  ),
});
const named = (name: string, x: number) => ({ name, model: filled(x) });
const valuesOf = ({ weights }: LanguageModel) => new Set([...weights.values()].flatMap(({ data }) => [...data]));
const first = ({ weights }: LanguageModel) => weights.values().next().value!.data[0];

describe('soups', () => {
  it('uniform: the mean, with no digit of float32 lost on the way', () => {
    expect([...valuesOf(uniformSoup([named('a', 1), named('b', 2), named('c', 6)]))]).toEqual([3]);
    // In float32 1e8 + 1 is 1e8.
    expect([...valuesOf(uniformSoup([named('a', 1e8), named('b', 1), named('c', -1e8), named('d', 3)]))]).toEqual([1]);
    const one = uniformSoup([{ name: 'a', model: base }]);
    for (const [name, { data }] of base.weights) expect(one.weights.get(name)!.data).toEqual(data);
  });

  it('greedy: best first, and what makes it worse stays out', async () => {
    const measured: number[] = [];
    // Lowest at 4.
    const measure = (model: LanguageModel) => {
      measured.push(first(model));
      return Math.abs(first(model) - 4);
    };
    const soup = await greedySoup([named('far', 20), named('low', 3), named('high', 6), named('near', 4.5)], measure);
    expect(soup.steps).toEqual([
      { name: 'near', alone: 0.5, together: 0.5, taken: true },
      { name: 'low', alone: 1, together: 0.25, taken: true },
      { name: 'high', alone: 2, together: 0.5, taken: false },
      { name: 'far', alone: 16, together: expect.closeTo(5.1667, 3) as number, taken: false },
    ]);
    expect(soup.ingredients).toEqual(['near', 'low']);
    expect(first(soup.model)).toBe(3.75);
    expect(measured).toHaveLength(7);
    await expect(greedySoup([named('a', 1)], () => Number.NaN)).rejects.toThrow(
      'a: expected a finite measurement, got NaN.',
    );
  });

  it('the line between two models has both as its ends', async () => {
    const [a, b] = [named('a', 2), named('b', 10)];
    expect(first(interpolated(a, b, 0.25))).toBe(4);
    expect(first(interpolated(a, b, 1.5))).toBe(14);
    expect(await interpolationCurve(a, b, first, 5)).toEqual([
      { share: 0, loss: 2 },
      { share: 0.25, loss: 4 },
      { share: 0.5, loss: 6 },
      { share: 0.75, loss: 8 },
      { share: 1, loss: 10 },
    ]);
    await expect(interpolationCurve(a, b, first, 1)).rejects.toThrow('expected at least 2 points, got 1.');
  });

  it('of models of other shapes are refused, by tensor and model', () => {
    const wide = newModel({ ...base.config, vocabulary: 12 }, 1);
    const deep = newModel({ ...base.config, layers: 2 }, 1);
    const a = { name: 'runs/a', model: base };
    expect(() => uniformSoup([a, { name: 'runs/b', model: wide }])).toThrow(
      "runs/b: expected 'model.embed_tokens.weight' [10, 8], as in runs/a, got [12, 8].",
    );
    expect(() => interpolated({ name: 'deep', model: deep }, a, 0.5)).toThrow(
      "runs/a: expected 'model.layers.1.self_attn.q_proj.weight' [8, 8], as in deep, got a model without it.",
    );
    expect(() => interpolated(a, { name: 'deep', model: deep }, 0.5)).toThrow('[8, 8].');
    expect(() => uniformSoup([])).toThrow('soup: expected at least one model, got none.');
  });
});

import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/random.ts';
import { QuantileSketch } from '../../../src/streams/commits/quantile-sketch.ts';

const QS = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);

/** The largest difference between the rank of a quantile among the values and the share that was asked for. */
function largestError(sketch: QuantileSketch, values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return Math.max(
    ...QS.map((q) => {
      const value = sketch.quantile(q);
      const below = sorted.findIndex((v) => v >= value) / sorted.length;
      const upTo = (sorted.findLastIndex((v) => v <= value) + 1) / sorted.length;
      return Math.max(0, below - q, q - upTo);
    }),
  );
}

const shapes: Readonly<Record<string, (n: number) => number[]>> = {
  uniform: (n) => {
    const { uniform } = seededRandom(1);
    return Array.from({ length: n }, uniform);
  },
  'heavy tail': (n) => {
    const { normal } = seededRandom(2);
    return Array.from({ length: n }, () => Math.exp(3 * normal()));
  },
  ascending: (n) => Array.from({ length: n }, (_, i) => i),
  descending: (n) => Array.from({ length: n }, (_, i) => -i),
  'few values': (n) => Array.from({ length: n }, (_, i) => i % 5),
};

describe('QuantileSketch', () => {
  it('is off by less than 1 % of the ranks, in one piece or merged from seven', () => {
    for (const make of Object.values(shapes)) {
      const values = make(60_000);
      const whole = new QuantileSketch();
      const parts = Array.from({ length: 7 }, (_, seed) => new QuantileSketch({ seed }));
      values.forEach((v, i) => {
        whole.add(v);
        parts[i % 7].add(v);
      });
      const merged = new QuantileSketch();
      for (const part of parts) merged.merge(part);
      for (const sketch of [whole, merged]) {
        expect(sketch.count).toBe(60_000);
        expect(largestError(sketch, values)).toBeLessThan(0.01);
        expect(JSON.stringify(sketch.state()).length).toBeLessThan(40_000);
      }
    }
  });

  it('is exact as long as all values fit', () => {
    const sketch = new QuantileSketch();
    for (let i = 100; i > 0; i--) sketch.add(i);
    sketch.add(Number.NaN);
    expect(sketch.count).toBe(100);
    expect([0, 0.01, 0.5, 0.995, 1].map((q) => sketch.quantile(q))).toEqual([1, 2, 51, 100, 100]);
    expect([1, 51, 101].map((v) => sketch.rank(v))).toEqual([0, 0.5, 1]);
    expect(new QuantileSketch().quantile(0.5)).toBeNaN();
  });

  it('cuts between different values, at the share that is nearest', () => {
    const sketch = new QuantileSketch();
    expect(sketch.cut(0.5)).toBeNaN();
    for (const v of [7, 1, 1, 1, 1, 1, 3, 3, 3, 9]) sketch.add(v);
    expect([0, 0.2, 0.25, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.96, 1].map((q) => sketch.cut(q))).toEqual([
      1,
      1,
      1,
      3,
      3,
      3,
      7,
      7,
      9,
      null,
      null,
    ]);
  });

  it('takes in an empty one, is taken in by one, and goes on from the state of one', () => {
    const [empty, full] = [new QuantileSketch(), new QuantileSketch()];
    for (let i = 1; i <= 9; i++) full.add(i);
    full.merge(empty);
    expect([full.count, full.quantile(0), full.quantile(0.5), full.quantile(1)]).toEqual([9, 1, 5, 9]);
    const again = QuantileSketch.from(JSON.parse(JSON.stringify(empty.state())));
    again.add(5);
    expect([again.quantile(0), again.quantile(1)]).toEqual([5, 5]);
    empty.merge(full);
    expect(empty.state()).toEqual(full.state());
  });

  it('merges large ones, of one k only', () => {
    const [a, b] = [new QuantileSketch({ k: 200_000 }), new QuantileSketch({ k: 200_000 })];
    for (let i = 0; i < 150_000; i++) {
      a.add(2 * i);
      b.add(2 * i + 1);
    }
    a.merge(b);
    expect(Math.abs(a.quantile(0.5) - 150_000)).toBeLessThan(10);
    expect(() => a.merge(new QuantileSketch())).toThrow('expected a sketch of k 200000 to merge, got one of k 500.');
    expect(() => new QuantileSketch({ k: Number.NaN })).toThrow('expected a sketch of k values, 8 or more, got NaN.');
  });

  it('gives the same answers from the same stream, and goes on from its state', () => {
    const values = shapes['heavy tail'](20_000);
    const [a, b] = [new QuantileSketch({ seed: 3 }), new QuantileSketch({ seed: 3 })];
    for (const v of values) a.add(v);
    for (const v of values.slice(0, 9_999)) b.add(v);
    const c = QuantileSketch.from(JSON.parse(JSON.stringify(b.state())));
    for (const v of values.slice(9_999)) c.add(v);
    expect(c.state()).toEqual(a.state());
  });
});

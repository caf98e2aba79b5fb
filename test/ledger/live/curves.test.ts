import { describe, expect, it } from 'vitest';
import { drawn, RUN_CURVES, runCurve } from '../../../src/ledger/live/curves.ts';
import type { SampleRecord } from '../../../src/ledger/live/records.ts';
import { seededRandom } from '../../../src/random.ts';

describe('a curve on pixels', () => {
  it('keeps the first, the least, the most and the last of each, in their order', () => {
    const y = Float64Array.from([5, 9, 1, 4, 7, 2, 3, 8, 6, 6, 0, 6, 6, 6, 6, 6, 6, 6, 6, 9]);
    const x = Float64Array.from(y, (_, i) => i);
    expect(drawn({ x, y }, 0, 19, 2)).toEqual({
      whole: [0, 19],
      points: 20,
      x: [0, 1, 2, 9, 10, 19],
      y: [5, 9, 1, 6, 0, 9],
    });
  });

  it('gives all points where there are few, with those next to both ends', () => {
    const x = Float64Array.from({ length: 100 }, (_, i) => i);
    const found = drawn({ x, y: x }, 10, 14, 600);
    expect([found.x, found.points, found.whole]).toEqual([[9, 10, 11, 12, 13, 14, 15], 5, [0, 99]]);
  });

  it('shows one point that stands out among ten million, at every zoom', () => {
    const n = 10_000_000;
    const random = seededRandom(7, 'spike');
    const [x, y] = [new Float64Array(n), new Float64Array(n)];
    for (let i = 0; i < n; i++) [x[i], y[i]] = [i, random.below(1000) / 1000];
    const spike = 7_654_321;
    y[spike] = 50;
    for (let [from, to] = [0, n - 1]; to - from > 4; ) {
      const found = drawn({ x, y }, from, to, 640);
      expect(Math.max(...(found.y as number[]))).toBe(50);
      expect(found.x.length).toBeLessThanOrEqual(4 * 640 + 2);
      const quarter = (to - from) / 4;
      [from, to] = [Math.max(from, Math.ceil(spike - quarter)), Math.min(to, Math.floor(spike + quarter))];
    }
  });

  it('passes over what is no number, and leaves a gap where there is nothing else', () => {
    const y = Float64Array.from({ length: 40 }, (_, i) => (i < 20 ? Number.NaN : i === 30 ? 5 : 1));
    const found = drawn({ x: y.map((_, i) => i), y }, 0, 39, 2);
    expect([found.x, found.y]).toEqual([
      [0, 19, 20, 30, 39],
      [null, null, 1, 5, 1],
    ]);
    expect(drawn({ x: new Float64Array(0), y: new Float64Array(0) }, 0, 1, 5)).toEqual({
      whole: null,
      points: 0,
      x: [],
      y: [],
    });
  });
});

describe('curves of a run', () => {
  const sample = (t: number, kept: number, dropped: number, doneBytes: number): SampleRecord => ({
    record: 'sample',
    t,
    read: kept + dropped,
    kept,
    dropped,
    quarantined: 0,
    textBytes: doneBytes,
    doneBytes,
    memoryBytes: 100,
  });
  const samples = [sample(1, 0, 0, 0), sample(2, 30, 10, 5000), sample(4, 30, 30, 9000), sample(5, 30, 30, 9000)];

  it('are rates between one sample and the next', () => {
    const curve = (name: string) => runCurve(samples, RUN_CURVES[name]);
    expect([...curve('rate').x]).toEqual([2, 4, 5]);
    expect([...curve('rate').y]).toEqual([5000, 2000, 0]);
    expect([...curve('kept').y]).toEqual([0.75, 0, Number.NaN]);
    expect([...curve('memory').y]).toEqual([100, 100, 100]);
    // Before the last phase nothing is kept yet.
    expect([...runCurve(samples, RUN_CURVES.kept, 2).y]).toEqual([Number.NaN, 0, Number.NaN]);
  });
});

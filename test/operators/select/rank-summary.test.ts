import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buckets, byRank } from '../../../src/operators/select/index.ts';
import { boundsOf, joinedPoints, pointsOf, totalOf } from '../../../src/operators/select/rank-summary.ts';
import { seededRandom } from '../../../src/random.ts';
import { decisionsOf, type ValuedDocument } from './decisions.ts';

describe('boundsOf', () => {
  it('says of exact points what stands at a rank', () => {
    const points = joinedPoints([
      pointsOf(Float64Array.of(1, 2, 4), 9),
      pointsOf(Float64Array.of(0, 4), 9),
      pointsOf(Float64Array.of(3), 9),
    ]);
    expect(totalOf(points)).toBe(6);
    expect([0, 1, 2, 3, 4, 5].map((rank) => boundsOf(points, rank))).toEqual(
      [0, 1, 2, 3, 4, 4].map((value) => [value, value]),
    );
  });

  it('holds the value between bounds that few others lie between', () => {
    const lists = fc.array(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 60 }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(
        lists,
        fc.integer({ min: 2, max: 9 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (all, m, at) => {
          const values = all.flat().sort((a, b) => a - b);
          const rank = Math.floor(at * values.length);
          const [low, high] = boundsOf(joinedPoints(all.map((l) => pointsOf(Float64Array.from(l).sort(), m))), rank);
          expect(low).toBeLessThanOrEqual(values[rank]);
          expect(high).toBeGreaterThanOrEqual(values[rank]);
          const within = values.filter((v) => v > low && v < high).length;
          expect(within).toBeLessThanOrEqual(all.reduce((n, l) => n + 2 * Math.ceil(l.length / (m - 1)), 0));
        },
      ),
      { numRuns: 200, seed: 5 },
    );
  });
});

it('ranks in more parts than splits, with nothing, too little and strange values to rank', async () => {
  const strange = [null, -0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MIN_VALUE, 1];
  const { uniform: random } = seededRandom(7);
  const some = (n: number): ValuedDocument[] =>
    Array.from({ length: n }, () => ({
      ppl: strange[Math.floor(random() * strange.length)],
      domain: `d${Math.floor(random() * 4)}`,
    }));
  const splits = [[], some(40), [{ ppl: null, domain: 'none' }], some(1), some(30)];
  const steps = [
    byRank({ column: 'ppl', keep: 'medium', rate: 0.4, within: 'domain' }),
    byRank({ column: 'ppl', keep: 'low', rate: 0.001, nulls: 'drop' }),
    buckets({ column: 'ppl', within: 'domain' }),
  ];
  for (const step of steps)
    expect(await decisionsOf(step, splits, { parts: 6 })).toEqual(await decisionsOf(step, splits));
});

it('ranks in parts what is more than the points of a summary', async () => {
  const { uniform: random } = seededRandom(6);
  const splits = Array.from({ length: 2 }, (_, s): ValuedDocument[] =>
    Array.from({ length: 3000 }, () => ({
      ppl: random() < 0.4 ? 0.5 : random(),
      domain: s === 1 ? 'code' : 'web',
    })),
  );
  const steps = [
    byRank({ column: 'ppl', keep: 'medium', rate: 0.3 }),
    buckets({ column: 'ppl', head: 0.2, middle: 0.9 }),
  ];
  for (const step of steps) {
    const wanted = await decisionsOf(step, splits, { rows: 5000 });
    expect(await decisionsOf(step, splits, { rows: 5000, parts: 2 })).toEqual(wanted);
  }
});

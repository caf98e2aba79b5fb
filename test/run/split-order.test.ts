import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SplitOrder } from '../../src/run/split-order.ts';
import { type Counters, emptyCounters } from '../../src/streams/commits/counters.ts';

const kept = (documents: number): Counters => ({ ...emptyCounters(), kept: { documents, bytes: 0, tokens: 0 } });

describe('SplitOrder', () => {
  it('shows the same totals after the same splits, in whatever order they complete', () => {
    const splits = [2, 3, 5, 8, 9];
    fc.assert(
      fc.property(fc.shuffledSubarray(splits, { minLength: splits.length }), (completed) => {
        const done = new Set<number>();
        const order = new SplitOrder(splits, (split) => (done.has(split) ? [kept(1000 * split), kept(split)] : null));
        const seen: [number, number][] = [];
        for (const split of completed) {
          done.add(split);
          for (const last of order.advance()) seen.push([last, order.totals.kept.documents]);
        }
        expect(seen).toEqual([
          [2, 2002],
          [3, 5005],
          [5, 10010],
          [8, 18018],
          [9, 27027],
        ]);
      }),
    );
  });

  it('waits at a gap', () => {
    const done = new Set([1, 2]);
    const order = new SplitOrder([0, 1, 2], (split) => (done.has(split) ? [kept(1)] : null));
    expect([...order.advance()]).toEqual([]);
    done.add(0);
    expect([...order.advance()]).toEqual([0, 1, 2]);
    expect([...order.advance()]).toEqual([]);
  });
});

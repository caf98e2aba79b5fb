import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestFit } from '../../../src/streams/tokens/best-fit.ts';

/** The same by trying every bin. */
function plain(lengths: readonly number[], capacity: number): number {
  const room: number[] = [];
  for (const n of [...lengths].sort((a, b) => b - a)) {
    let best = -1;
    room.forEach((r, bin) => {
      if (r >= n && (best < 0 || r < room[best])) best = bin;
    });
    if (best < 0) room.push(capacity - n);
    else room[best] -= n;
  }
  return room.length;
}

describe('best fit', () => {
  it('packs every piece once, into bins that hold them, as many as trying every bin would take', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }).chain((capacity) =>
          fc.record({
            capacity: fc.constant(capacity),
            lengths: fc.array(fc.integer({ min: 1, max: capacity }), { maxLength: 300 }),
          }),
        ),
        ({ capacity, lengths }) => {
          const { offsets, pieces } = bestFit(Uint32Array.from(lengths), capacity);
          expect([...pieces].sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
          for (let b = 0; b + 1 < offsets.length; b++) {
            const own = [...pieces.subarray(offsets[b], offsets[b + 1])];
            expect(own.length).toBeGreaterThan(0);
            expect(own.reduce((n, p) => n + lengths[p], 0)).toBeLessThanOrEqual(capacity);
            expect(own).toEqual([...own].sort((a, c) => a - c));
          }
          expect(offsets.length - 1).toBe(plain(lengths, capacity));
        },
      ),
      { seed: 5, numRuns: 200 },
    );
  });

  it('fills bins where it can', () => {
    const { offsets, pieces } = bestFit(Uint32Array.of(6, 4, 7, 3, 5, 5), 10);
    expect([...offsets]).toEqual([0, 2, 4, 6]);
    expect([...pieces]).toEqual([2, 3, 0, 1, 4, 5]);
  });

  it('wastes next to nothing on many pieces of all lengths', () => {
    const lengths = Uint32Array.from({ length: 200_000 }, (_, i) => 1 + ((i * 7919) % 2048));
    const { offsets } = bestFit(lengths, 2048);
    const fewest = Math.ceil(lengths.reduce((n, l) => n + l, 0) / 2048);
    expect((offsets.length - 1) / fewest).toBeLessThan(1.001);
  });
});

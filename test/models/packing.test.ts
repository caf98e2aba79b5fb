import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packRows, windowsOf } from '../../src/models/packing.ts';

describe('windows of a document', () => {
  it('score every id but the first exactly once, each with at least the overlap before it', () => {
    const sizes = fc.record({ ids: fc.integer({ min: 1, max: 300 }), context: fc.integer({ min: 2, max: 40 }) });
    fc.assert(
      fc.property(sizes, fc.nat(), ({ ids, context }, n) => {
        const overlap = n % context;
        const windows = windowsOf(3, ids, context, overlap);
        const scored = windows.flatMap((w) =>
          Array.from({ length: w.length - w.firstScored }, (_, i) => w.from + w.firstScored + i + 1),
        );
        expect(scored).toEqual(Array.from({ length: ids - 1 }, (_, i) => i + 1));
        for (const [k, w] of windows.entries()) {
          expect(w.document).toBe(3);
          expect(w.length).toBeLessThanOrEqual(context);
          expect(w.firstScored).toBe(k === 0 ? 0 : overlap);
        }
      }),
      { seed: 4 },
    );
  });

  it('of 10 ids with a context of 4 and an overlap of 2', () => {
    expect(windowsOf(0, 10, 4, 2).map((w) => [w.from, w.length, w.firstScored])).toEqual([
      [0, 4, 0],
      [2, 4, 2],
      [4, 4, 2],
      [6, 3, 2],
    ]);
  });
});

describe('rows of windows', () => {
  it('hold every window once and never more than the context', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 32 }), { maxLength: 200 }), (lengths) => {
        const rows = packRows(lengths, 32);
        expect(rows.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
        const sums = rows.map((row) => row.reduce((n, k) => n + lengths[k], 0));
        expect(sums.every((n) => n <= 32)).toBe(true);
        // Best fit leaves at most one row that is less than half full.
        expect(sums.filter((n) => n <= 16).length).toBeLessThanOrEqual(1);
      }),
      { seed: 9 },
    );
  });

  it('fill the tightest room first', () => {
    expect(packRows([6, 5, 4, 3, 2], 10)).toEqual([
      [0, 2],
      [1, 3, 4],
    ]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packCheapest, packRows, rowLengths, windowsOf } from '../../../src/models/scorers/packing.ts';

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
        const rows = packRows(lengths, [32]).map((row) => row.windows);
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
    expect(packRows([6, 5, 4, 3, 2], [10]).map((row) => row.windows)).toEqual([
      [0, 2],
      [1, 3, 4],
    ]);
  });

  it('are as short as their longest window allows, with room for two of it', () => {
    expect(rowLengths(1024)).toEqual([128, 256, 512, 1024]);
    expect([256, 255, 24].map(rowLengths)).toEqual([[128, 256], [255], [24]]);
    const lengths = [900, 300, 60, 50, 60, 50, 120];
    expect(packRows(lengths, rowLengths(1024))).toEqual([
      { length: 1024, windows: [0, 6] },
      { length: 1024, windows: [1, 2, 4, 3, 5] },
    ]);
    expect(packRows(lengths.slice(2), rowLengths(1024))).toEqual([
      { length: 256, windows: [4, 0, 2] },
      { length: 128, windows: [1, 3] },
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 512 }), { maxLength: 200 }), (all) => {
        const rows = packRows(all, rowLengths(512));
        expect(rows.flatMap((r) => r.windows).sort((a, b) => a - b)).toEqual(all.map((_, i) => i));
        for (const { length, windows } of rows) {
          expect(windows.reduce((n, k) => n + all[k], 0)).toBeLessThanOrEqual(length);
          expect(length === 512 || length <= Math.max(128, 4 * all[windows[0]])).toBe(true);
        }
      }),
      { seed: 10 },
    );
  });

  it('are packed the cheapest way, runs that are not full counted whole', () => {
    const lengths = rowLengths(1024);
    const shapes = (all: readonly number[], width: number) =>
      packCheapest(all, lengths, { runTokens: 2048, width }).map((row) => row.length);
    // Attention is all: a row for each; the rest is all: two in a row, though it is longer.
    const alike = Array.from({ length: 32 }, () => 300);
    expect(shapes(alike, 1)).toEqual(Array.from({ length: 32 }, () => 512));
    expect(shapes(alike, 100_000)).toEqual(Array.from({ length: 11 }, () => 1024));
    // One run of whatever length takes all: rows of 128 cost least attention.
    expect(shapes([100, 20, 100, 20], 128)).toEqual([128, 128]);
    // Beside long ones there is room anyway: a run of short rows would come on top.
    expect(shapes([1000, 600, 100, 100], 128)).toEqual([1024, 1024]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextPlaces } from '../../../../src/operators/dedup/tables/text-places.ts';

const covers = (found: Float64Array, from: number, to: number): boolean => {
  for (let k = 0; k < found.length; k += 2) if (found[k] <= from && to <= found[k + 1]) return true;
  return false;
};

describe('places of texts', () => {
  it('are those that were added, one for neighbours within 64 kB, ascending', () => {
    const places = new TextPlaces(2, 1e6);
    for (const [from, to] of [
      [900_000, 900_010],
      [0, 100],
      [65_000, 65_100],
      [200_000, 200_001],
      [50, 70],
    ])
      places.add(1, from, to);
    expect(places.all().map((p) => [...p])).toEqual([[], [0, 65_100, 200_000, 200_001, 900_000, 900_010]]);
  });

  it('have every text in them, however few are held', () => {
    const text = fc.tuple(fc.nat(2), fc.nat(2 ** 34), fc.nat(2 ** 20));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 3000 }), (texts) => {
        const places = new TextPlaces(3, 0);
        for (const [split, from, bytes] of texts) places.add(split, from, from + bytes);
        const found = places.all();
        expect(texts.filter(([split, from, bytes]) => !covers(found[split], from, from + bytes))).toEqual([]);
        expect(found.reduce((n, f) => n + f.length / 2, 0)).toBeLessThanOrEqual(1024);
      }),
      { numRuns: 20 },
    );
  });

  it('stay within the memory, at every moment', () => {
    const budget = 1e6;
    const places = new TextPlaces(16, budget);
    let most = 0;
    // A million texts of 1 kB that lie a megabyte apart, in no order: none has a neighbour.
    for (let i = 0; i < 1e6; i++) {
      const at = ((i * 7_368_787) % 1e6) * 1e6;
      places.add(i % 16, at, at + 1000);
      if (i % 1000 === 0) most = Math.max(most, places.bytes);
    }
    expect(most).toBeLessThan(budget);
    expect(places.all().reduce((n, p) => n + p.byteLength, 0)).toBeLessThan(budget);
  });
});

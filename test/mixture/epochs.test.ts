import { describe, expect, it } from 'vitest';
import { epochOrder, permutation } from '../../src/mixture/epochs.ts';
import { seededRandom } from '../../src/random.ts';

const values = (size: number, of: (index: number) => number): number[] => Array.from({ length: size }, (_, i) => of(i));

describe('permutation', () => {
  it('holds every value exactly once, for any size', () => {
    const random = seededRandom(3, 'sizes');
    const sizes = [...Array.from({ length: 70 }, (_, i) => i), ...values(40, () => 70 + random.below(20_000)), 300_000];
    for (const size of sizes) {
      const seen = new Uint8Array(size);
      const order = permutation(size, random.below(1e9), 'web');
      for (let i = 0; i < size; i++) seen[order(i)]++;
      expect(seen.every((n) => n === 1)).toBe(true);
    }
  });

  it('stays the same for a seed and a name, and differs for others', () => {
    expect(values(10, permutation(10, 1, 'web'))).toEqual(values(10, permutation(10, 1, 'web')));
    expect(values(10, permutation(10, 1, 'web'))).not.toEqual(values(10, permutation(10, 2, 'web')));
    expect(values(10, permutation(10, 1, 'web'))).not.toEqual(values(10, permutation(10, 1, 'code')));
    // What is written here is what a log of a year ago means.
    expect(values(10, permutation(10, 1, 'web'))).toEqual([2, 8, 9, 3, 5, 6, 7, 1, 0, 4]);
  });

  it('reaches sizes above 2^32 without storing anything', () => {
    const size = 10_000_000_019;
    const order = permutation(size, 5, 'web');
    const seen = new Set(values(10_000, order));
    expect(seen.size).toBe(10_000);
    expect([...seen].every((v) => v >= 0 && v < size && Number.isSafeInteger(v))).toBe(true);
  });

  it('mixes: places are spread evenly, and neighbours do not stay neighbours', () => {
    const [size, seeds, bins] = [1000, 400, 10];
    const counts = new Float64Array(bins * bins);
    let near = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const order = values(size, permutation(size, seed, 'x'));
      for (const [i, v] of order.entries())
        counts[Math.floor((i * bins) / size) * bins + Math.floor((v * bins) / size)]++;
      for (let i = 1; i < size; i++) if (Math.abs(order[i] - order[i - 1]) === 1) near++;
    }
    const expected = (size * seeds) / (bins * bins);
    const chi = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // 81 degrees of freedom: 99.9 % of random tables lie below 126.
    expect(chi).toBeLessThan(126);
    // Of a random order 2 pairs are neighbours.
    expect(near / seeds).toBeGreaterThan(1.7);
    expect(near / seeds).toBeLessThan(2.3);
  });
});

describe('epochs', () => {
  const windows = [4, 4, 11, 12, 20];
  const order = epochOrder({ seed: 7, domain: 'web', windows, sequences: 20 });

  it('hold every sequence once each, and differ', () => {
    const epochs = values(5, (e) => e).map((e) => values(20, (i) => order(e * 20 + i)!.index));
    for (const [e, epoch] of epochs.entries()) {
      expect([...epoch].sort((a, b) => a - b)).toEqual(values(20, (i) => i));
      expect(order(e * 20)!.epoch).toBe(e);
    }
    expect(new Set(epochs.map(String)).size).toBe(5);
  });

  it('shuffle the first epoch inside of windows', () => {
    const first = values(20, (i) => order(i)!.index);
    const sorted = (from: number, to: number): number[] => first.slice(from, to).sort((a, b) => a - b);
    expect(sorted(0, 4)).toEqual([0, 1, 2, 3]);
    expect(sorted(4, 11)).toEqual([4, 5, 6, 7, 8, 9, 10]);
    expect(first[11]).toBe(11);
    expect(sorted(12, 20)).toEqual([12, 13, 14, 15, 16, 17, 18, 19]);
    expect(first).not.toEqual(values(20, (i) => i));
  });

  it('are the same while curation runs, as far as it has come', () => {
    const early = epochOrder({ seed: 7, domain: 'web', windows: windows.slice(0, 3), sequences: null });
    for (let i = 0; i < 11; i++) expect(early(i)).toEqual(order(i));
    expect(early(11)).toBe(null);
    expect(epochOrder({ seed: 7, domain: 'web', windows: [], sequences: null })(0)).toBe(null);
  });

  it('are found in any order of asking', () => {
    const random = seededRandom(2, 'places');
    for (let i = 0; i < 200; i++) {
      const ordinal = random.below(70);
      const fresh = epochOrder({ seed: 7, domain: 'web', windows, sequences: 20 });
      expect(order(ordinal)).toEqual(fresh(ordinal));
    }
  });

  it('refuse windows that do not end with the epoch', () => {
    expect(() => epochOrder({ seed: 7, domain: 'web', windows: [4], sequences: 5 })).toThrow(
      'domain web: expected windows that end at the 5 sequences of the epoch, got 4',
    );
  });
});

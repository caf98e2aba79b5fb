import { describe, expect, it } from 'vitest';
import { BLOCK_BYTES, blocksFor, falsePositiveRate, openBloom } from '../../src/kernels/bloom.ts';
import { referenceBloom } from '../../src/kernels/reference/bloom.ts';

/** SplitMix64 from a seed: keys as a hash would make them. */
function keys(count: number, seed: bigint): BigUint64Array {
  const out = new BigUint64Array(count);
  let state = seed;
  for (let i = 0; i < count; i++) {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    out[i] = z ^ (z >> 31n);
  }
  return out;
}
const count = (seen: Uint8Array): number => seen.reduce((n, s) => n + s, 0);

describe('Bloom filter', () => {
  it('sets the bits of the reference and answers like it', async () => {
    const filter = await openBloom(50);
    const reference = referenceBloom(50);
    const some = keys(3000, 1n);
    expect([...filter.add(some)]).toEqual(Array.from(some, (k) => Number(reference.add(k))));
    expect(filter.bits()).toEqual(new Uint8Array(reference.words.buffer));
  });

  it('finds every key that was added, and one that repeats in a list', async () => {
    const filter = await openBloom(blocksFor(200_000, 1e-3));
    filter.add(keys(200_000, 2n));
    expect(count(filter.has(keys(200_000, 2n)))).toBe(200_000);
    const empty = await openBloom(4);
    expect([...empty.add(BigUint64Array.of(5n, 6n << 40n, 5n))]).toEqual([0, 0, 1]);
    expect([...empty.add(BigUint64Array.of(7n, 7n), Uint8Array.of(0, 1))]).toEqual([0, 0]);
  });

  for (const rate of [1e-2, 1e-3, 1e-4]) {
    it(`keeps a rate of ${rate} over a million keys`, async () => {
      const filter = await openBloom(blocksFor(1_000_000, rate));
      filter.add(keys(1_000_000, 3n));
      const measured = count(filter.has(keys(1_000_000, 99n << 32n))) / 1e6;
      // Four standard deviations of a count, both ways.
      const spread = 4 * Math.sqrt(rate / 1e6);
      expect(measured).toBeLessThan(rate + spread);
      expect(measured).toBeGreaterThan(rate * 0.9 - spread);
    });
  }

  it('takes the fewest blocks for a rate, and says when they are too many', () => {
    const blocks = blocksFor(1e6, 1e-4);
    expect(falsePositiveRate(1e6, blocks)).toBeLessThanOrEqual(1e-4);
    expect(falsePositiveRate(1e6, blocks - 1)).toBeGreaterThan(1e-4);
    expect((blocks * BLOCK_BYTES * 8) / 1e6).toBeCloseTo(26.3, 1);
    expect(() => blocksFor(1e9, 1e-6)).toThrow(/at most 2 GiB/);
  });
});

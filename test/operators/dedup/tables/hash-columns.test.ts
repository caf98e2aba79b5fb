import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, halfColumn, hashRanges, noBuckets } from '../../../../src/operators/dedup/tables/hash-columns.ts';

describe('hashRanges', () => {
  it('covers every bucket once, in ranges of at most so many hashes, or of one bucket', () => {
    const sizes = fc.array(fc.tuple(fc.nat(4095), fc.nat(50)), { maxLength: 200 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 200 }), (list, most) => {
        const buckets = noBuckets();
        for (const [bucket, count] of list) buckets[bucket] += count;
        let at = 0;
        for (const { from, to, count } of hashRanges(buckets, most)) {
          expect(buckets.subarray(at, from).every((n) => n === 0)).toBe(true);
          const own = buckets.subarray(from, to);
          expect(own.reduce((a, b) => a + b, 0)).toBe(count);
          expect(count <= most || own.filter((n) => n > 0).length === 1).toBe(true);
          at = to;
        }
        expect(buckets.subarray(at).every((n) => n === 0)).toBe(true);
      }),
    );
  });

  it('parts by the upper bits of the second word', () => {
    expect([0, 0x000fffff, 0x00100000, 0xffffffff].map(bucketOf)).toEqual([0, 0, 1, 4095]);
  });
});

describe('halfColumn', () => {
  it('is the signed 64 bits of each first or second word of a pair', () => {
    const hashes = BigUint64Array.of(1n, 2n ** 64n - 1n, 2n ** 63n, 0x0123_4567_89ab_cdefn);
    expect(halfColumn(hashes, 0).values).toEqual(BigInt64Array.of(1n, -(2n ** 63n)));
    expect(halfColumn(hashes.subarray(2), 1).values).toEqual(BigInt64Array.of(0x0123_4567_89ab_cdefn));
    expect(halfColumn(hashes, 1).values).toEqual(BigInt64Array.of(-1n, 0x0123_4567_89ab_cdefn));
  });
});

import { describe, expect, it } from 'vitest';
import { TwiceFilter } from '../../../../src/operators/dedup/tables/twice-filter.ts';
import { seededRandom } from '../../../../src/random.ts';

describe('TwiceFilter', () => {
  it('lets all pass that came twice, and few that came once', () => {
    const random = seededRandom(3, 'twice');
    const words = (): [number, number] => [random.below(2 ** 32), random.below(2 ** 16) + 1];
    const [pairs, alone] = [Array.from({ length: 5000 }, words), Array.from({ length: 20_000 }, words)];
    const filter = new TwiceFilter(30_000);
    for (const [a, b] of [...pairs, ...alone, ...pairs]) filter.add(a, b);
    expect(pairs.filter(([a, b]) => filter.twice(a, b)).length).toBe(5000);
    expect(alone.filter(([a, b]) => filter.twice(a, b)).length / alone.length).toBeLessThan(0.08);
  });

  it('tells the halves of a hash apart', () => {
    const filter = new TwiceFilter(1);
    filter.add(5, 7);
    filter.add(5, 7 << 16);
    expect(filter.twice(5, 7)).toBe(false);
    filter.add(5, 7);
    expect(filter.twice(5, 7)).toBe(true);
  });
});

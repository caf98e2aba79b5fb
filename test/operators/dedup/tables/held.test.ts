import { describe, expect, it } from 'vitest';
import { Held } from '../../../../src/operators/dedup/tables/held.ts';

describe('Held', () => {
  it('reads again what was asked for longest ago, when the rest fills the bytes', () => {
    const reads: number[] = [];
    const held = new Held(
      (n) => {
        reads.push(n);
        return 'x'.repeat(n);
      },
      (text) => text.length,
      10,
    );
    for (const n of [4, 5, 4, 1, 3, 4, 5]) expect(held.of(n)).toHaveLength(n);
    // 4 + 5 + 1 fit; the 3 puts out the 5, which came before the second 4.
    expect(reads).toEqual([4, 5, 1, 3, 5]);
  });

  it('holds the last value even when it is larger than all', () => {
    let reads = 0;
    const held = new Held(
      () => ++reads,
      () => 100,
      10,
    );
    expect([held.of(1), held.of(1), held.of(2), held.of(1)]).toEqual([1, 1, 2, 3]);
  });
});

import { rule } from 'sluice';
import { describe, expect, it } from 'vitest';
import { conditionText, holds, leavesOf, optionsOfRule, withThreshold } from '../../src/streams/batch/condition.ts';

const a = (threshold: number) => ({ column: 'a', comparison: '<' as const, threshold });
const b = { column: 'b', comparison: '>=' as const, threshold: 2 };

describe('rule() with and, or, not', () => {
  it('reads conditions; and binds tighter than or', () => {
    expect(rule('a < 1 or b >= 2 and not a < 3').when).toEqual({ any: [a(1), { all: [b, { not: a(3) }] }] });
    expect(rule('(a<1 OR b>=2) AND a<3', { name: 'x' })).toMatchObject({
      name: 'x',
      ...a(1),
      when: { all: [{ any: [a(1), b] }, a(3)] },
    });
    expect(rule('((a < 1))')).toEqual(rule('a < 1'));
    expect(rule('not a < 1 and b >= 2').name).toBe('not_a_below_and_b_at_least');
  });

  it.each(['a < 1 and', 'and a < 1', '(a < 1', 'a < 1) ', 'a < 1 b > 2', 'not', 'a', '', 'a < b'])(
    'refuses %j',
    (words) => {
      expect(() => rule(words)).toThrow('and, or, not and parentheses');
    },
  );

  it('holds as in SQL, nulls included', () => {
    const values = (x: number | null, y: number | null) => (c: string) => (c === 'a' ? x : y);
    const both = rule('a < 1 and b >= 2').when!;
    const either = rule('a < 1 or b >= 2').when!;
    const neither = rule('not (a < 1 or b >= 2)').when!;
    const all = [
      [0, 2],
      [0, 1],
      [0, null],
      [5, null],
      [null, null],
    ] as const;
    expect(all.map(([x, y]) => holds(both, values(x, y)))).toEqual([true, false, null, false, null]);
    expect(all.map(([x, y]) => holds(either, values(x, y)))).toEqual([true, true, true, null, null]);
    expect(all.map(([x, y]) => holds(neither, values(x, y)))).toEqual([false, false, false, null, null]);
  });

  it('says itself in words, and has an option for each threshold', () => {
    const r = rule('(a < 1 or b >= 2) and not a < 3', { name: 'x' });
    expect(conditionText(r)).toBe('(a < 1 or b >= 2) and not (a < 3)');
    expect(rule(conditionText(r), { name: 'x' })).toEqual(r);
    expect(optionsOfRule(r)).toEqual(['x', 'x_2', 'x_3']);
    expect(leavesOf(withThreshold(r, 2, 9)).map((l) => l.threshold)).toEqual([1, 2, 9]);
    expect(withThreshold(r, 0, 7)).toMatchObject({ threshold: 7 });
  });
});

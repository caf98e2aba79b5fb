import { describe, expect, it } from 'vitest';
import {
  joinedCopies,
  sameBytes,
  sameWords,
  wordBounds,
} from '../../../../src/operators/dedup/minhash/verified-copies.ts';
import { VERIFIED } from '../../../../src/operators/dedup/spans/span-log.ts';

const same = (a: string, b: string): boolean => sameWords(Buffer.from(a), Buffer.from(b));

describe('copies compared on bytes', () => {
  it('are the same words whatever white space lies between', () => {
    expect(same('one two', 'one\n\n two')).toBe(true);
    expect(same('one\u00a0two\u2003three\u3000four', 'one two three four')).toBe(true);
    expect(same('one two', 'onetwo')).toBe(false);
    expect(same('one two', 'one two three')).toBe(false);
    expect(same('one twp', 'one\ttwo')).toBe(false);
    // A zero-width space is none.
    expect(same('one\u200btwo', 'one two')).toBe(false);
    expect(sameBytes(Buffer.from('one two'), Buffer.from('one\ttwo'))).toBe(false);
  });

  it('have words between white space', () => {
    expect([...wordBounds(Buffer.from(' a\u2003bé\n'))]).toEqual([1, 2, 5, 8]);
    expect([...wordBounds(Buffer.from(' \n'))]).toEqual([]);
  });

  it('are joined where both go on alike', () => {
    const copies = [
      [0, 10, 60, 7, 100, 150],
      [0, 40, 90, 7, 130, 180],
      // Within what is joined.
      [0, 50, 80, 7, 140, 170],
      // Of another place, another text, compared before, and of another row.
      [0, 60, 95, 7, 151, 186],
      [0, 70, 99, 8, 0, 29],
      [0, 80, 99, VERIFIED, 0, 0],
      [1, 81, 99, 8, 11, 29],
    ].flat();
    expect([...joinedCopies(Uint32Array.from(copies))]).toEqual(
      [
        [0, 10, 90, 7, 100, 180],
        [0, 60, 95, 7, 151, 186],
        [0, 70, 99, 8, 0, 29],
        [1, 81, 99, 8, 11, 29],
      ].flat(),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { pieceWalk } from '../../../src/models/scorers/pieces.ts';

/** Bits per byte of the highest piece of tokens that have `bits` and stand for `bytes`. */
function highest(tokens: readonly (readonly [bits: number, bytes: number])[]): number | null {
  const walk = pieceWalk();
  walk.begin();
  for (const [bits, bytes] of tokens) walk.add(bits * Math.LN2, bytes);
  return walk.end();
}
const times = (n: number, bits: number, bytes: number) => Array.from({ length: n }, () => [bits, bytes] as const);

describe('pieces of a document', () => {
  it('close at the first token with which they have 512 bytes', () => {
    // 510 bytes are not enough; the token after them closes the piece, though it is 40 bytes long.
    expect(highest([...times(51, 5, 10), [500, 40], ...times(52, 1, 10)])).toBeCloseTo((255 + 500) / 550, 12);
    expect(highest([...times(512, 1, 1), [1024, 1], ...times(511, 1, 1)])).toBeCloseTo((1024 + 511) / 512, 12);
    expect(highest([...times(511, 1, 1), [1024, 1], ...times(512, 1, 1)])).toBeCloseTo((1024 + 511) / 512, 12);
    // One token may be more than a piece.
    expect(highest([[700, 700], ...times(512, 2, 1), [5000, 1000]])).toBeCloseTo(5, 12);
  });

  it('take what is left when it has less than 128 bytes, else it is a piece of its own', () => {
    expect(highest([...times(1024, 1, 1), ...times(128, 3, 1)])).toBeCloseTo(3, 12);
    expect(highest([...times(1024, 1, 1), ...times(127, 3, 1)])).toBeCloseTo((512 + 381) / 639, 12);
    // A rest makes the last piece less surprising, and the one before it the highest.
    expect(highest([...times(512, 2, 1), ...times(512, 2.1, 1), ...times(100, 0, 1)])).toBeCloseTo(2, 12);
    // Tokens that stand for nothing, such as an end.
    expect(highest([...times(512, 1, 1), ...times(512, 2, 1), [512, 0]])).toBeCloseTo(3, 12);
  });

  it('are none where there is one or nothing', () => {
    expect(highest([])).toBeNull();
    expect(highest(times(100, 1, 1))).toBeNull();
    expect(highest(times(512, 1, 1))).toBeNull();
    expect(highest(times(639, 1, 1))).toBeNull();
    expect(highest(times(640, 1, 1))).toBeCloseTo(1, 12);
  });

  it('begin anew with each document', () => {
    const walk = pieceWalk();
    for (const bits of [9, 1]) {
      walk.begin();
      for (let i = 0; i < 1000; i++) walk.add(bits * Math.LN2, 1);
      expect(walk.end()).toBeCloseTo(bits, 10);
    }
    walk.begin();
    expect(walk.end()).toBeNull();
  });
});

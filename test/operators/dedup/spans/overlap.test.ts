import { describe, expect, it } from 'vitest';
import { wordBounds } from '../../../../src/operators/dedup/minhash/verified-copies.ts';
import { type Overlap, overlapOf, type Piece } from '../../../../src/operators/dedup/spans/overlap.ts';

const piece = (text: string, anchor: string, words: boolean): Piece => {
  const bytes = Buffer.from(text);
  return { bytes, place: bytes.indexOf(anchor), bounds: words ? wordBounds(bytes) : null };
};

function overlap(text: string, source: string, anchor: string, words: boolean): Overlap {
  const out: Overlap = { units: 0, start: 0, end: 0 };
  overlapOf(piece(text, anchor, words), piece(source, anchor, words), out);
  return out;
}

describe('overlapOf', () => {
  it('extends an anchor of bytes to both sides', () => {
    expect(overlap('abcXdef', 'zbcXdeg', 'X', false)).toEqual({ units: 5, start: 1, end: 6 });
    expect(overlap('Xab', 'abX', 'X', false)).toEqual({ units: 1, start: 0, end: 1 });
    expect(overlap('abX', 'abX', 'X', false)).toEqual({ units: 3, start: 0, end: 3 });
  });

  it('extends an anchor of words over whole words and any white space', () => {
    expect(overlap('a b\nX cd e', 'a z b X\n\ncd f', 'X', true)).toEqual({ units: 3, start: 2, end: 8 });
    expect(overlap('ab X', 'b X cd', 'X', true)).toEqual({ units: 1, start: 3, end: 4 });
    expect(overlap('é X é', 'é  X é', 'X', true)).toEqual({ units: 3, start: 0, end: 7 });
  });

  it('finds nothing where anchors differ, as they may when their hashes are equal', () => {
    const out: Overlap = { units: 9, start: 0, end: 0 };
    overlapOf(piece('a X b', 'X', true), piece('c Y d', 'Y', true), out);
    expect(out.units).toBe(0);
    overlapOf(piece('aXb', 'X', false), piece('cYd', 'Y', false), out);
    expect(out.units).toBe(0);
  });
});

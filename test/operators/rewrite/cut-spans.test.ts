import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeCuts, cutsInBytes, cutsOfRow } from '../../../src/operators/rewrite/cut-spans.ts';
import { LINE_END, type TextCut, withoutCuts } from '../../../src/operators/rewrite/line-rewrite.ts';

const cut = (start: number, end: number, rule = 'a'): TextCut => ({ start, end, rule });

/** Cuts at random places of a text of some length. */
const cutsOf = (length: number, rule: string): fc.Arbitrary<TextCut[]> =>
  fc.uniqueArray(fc.nat(length), { maxLength: 8 }).map((places) => {
    const sorted = places.sort((a, b) => a - b);
    return Array.from({ length: sorted.length >> 1 }, (_, i) => cut(sorted[2 * i], sorted[2 * i + 1], rule));
  });

describe('composeCuts()', () => {
  it('keeps the first cuts and places the second ones in the original', () => {
    //  0123456789   first rewrite leaves 0 1 4 5 6 9 (cuts 2-4 and 7-9); the second takes the 2nd to 5th byte of that
    const first = composeCuts(null, [[cut(2, 4), cut(7, 9)]], ['a', 'b']);
    const second = composeCuts(first, [[cut(1, 5, 'b')]], ['a', 'b']);
    expect(cutsOfRow(second, 0)).toEqual([cut(1, 2, 'b'), cut(2, 4), cut(4, 7, 'b'), cut(7, 9)]);
    expect([second.rules, [...second.offsets]]).toEqual([
      ['a', 'b'],
      [0, 4],
    ]);
  });

  it('keeps rows apart', () => {
    const spans = composeCuts(null, [[], [cut(0, 1, 'b')], []], ['a', 'b']);
    expect([cutsOfRow(spans, 0), cutsOfRow(spans, 1), cutsOfRow(spans, 2)]).toEqual([[], [cut(0, 1, 'b')], []]);
  });

  it('counts the byte that stands for a replaced line end', () => {
    const first = composeCuts(null, [[cut(3, 6, LINE_END)]], [LINE_END, 'b']);
    const second = composeCuts(first, [[cut(4, 6, 'b')]], [LINE_END, 'b']);
    expect(cutsOfRow(second, 0)).toEqual([cut(3, 6, LINE_END), cut(6, 8, 'b')]);
  });

  it('two rewrites leave what their cuts leave, whatever they are', () => {
    const text = 'abcdefghijklmnopqrstuvwxyz';
    const cases = cutsOf(text.length, 'a').chain((a) => {
      const once = withoutCuts(text, a);
      return cutsOf(once.length, 'b').map((b) => ({ a, b, twice: withoutCuts(once, b) }));
    });
    fc.assert(
      fc.property(cases, ({ a, b, twice }) => {
        const spans = cutsOfRow(composeCuts(composeCuts(null, [a], ['a', 'b']), [b], ['a', 'b']), 0);
        expect(withoutCuts(text, spans)).toBe(twice);
        expect(spans.every((s, i) => i === 0 || spans[i - 1].end <= s.start)).toBe(true);
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe('cutsInBytes()', () => {
  it('counts UTF-8 bytes of what lies before', () => {
    const text = 'ä€🐎x';
    expect(cutsInBytes(text, Buffer.byteLength(text), [cut(1, 2), cut(4, 5)])).toEqual([cut(2, 5), cut(9, 10)]);
  });
});

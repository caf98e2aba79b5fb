import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalFormC } from '../../src/unicode/normal-form.ts';

const latin = Array.from('aeinoszAEINOSZ\u0300\u0301\u0302\u0303\u0308\u0327\u0323\u0330\u1e9b\u212b\u2126éñŁ');
const others = Array.from(
  'αωι\u0345\u0313\u0342ᾳかは\u3099\u309aกคक\u093c\u094dবা\u09be한ᄒ\u1161\u11ab각\u11a8\u0f71\u0f72\ufb1dא\u05b4',
);

describe('normal form C', () => {
  it('is that of JavaScript for code points that both know', () => {
    const text = fc.string({ unit: fc.constantFrom(...latin, ...others), maxLength: 12 });
    fc.assert(
      fc.property(text, (t) => {
        expect(normalFormC(t)).toBe(t.normalize('NFC'));
      }),
      { numRuns: 3000, seed: 9 },
    );
    for (let cp = 0xa0; cp < 0x3000; cp++) {
      const both = [String.fromCodePoint(cp), `e${String.fromCodePoint(cp)}\u0301`];
      // Composites since Unicode 10 are unknown to the library, and so to the tokenizers that were trained with it.
      if (!/\p{M}/u.test(both[0])) for (const t of both) expect(normalFormC(t)).toBe(t.normalize('NFC'));
    }
  });

  it('is a text itself where nothing changes', () => {
    for (const t of ['', 'plain', 'naïve Żółć', '水車小屋 🐎', 'नदी', '\ud800 lone']) expect(normalFormC(t)).toBe(t);
  });

  it('leaves marks of later versions of Unicode where they are, as the tokenizers library does', () => {
    // U+0897 (Unicode 16) has class 230, U+0327 class 202: in order by today's tables, not by the library's.
    expect(normalFormC('q\u0897\u0327')).toBe('q\u0897\u0327');
    expect(normalFormC('q\u0301\u0327')).toBe('q\u0327\u0301');
    // U+11938 (Unicode 13) is U+11935 and U+11930 together.
    expect(normalFormC('\u{11935}\u{11930}')).toBe('\u{11935}\u{11930}');
  });

  it('takes many marks in any order in no more than the time of a sort', () => {
    const marks = '\u0301\u0327'.repeat(100_000);
    expect(normalFormC(`q${marks}`)).toBe(`q${'\u0327'.repeat(100_000)}${'\u0301'.repeat(100_000)}`);
  });
});

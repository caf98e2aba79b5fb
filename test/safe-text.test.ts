import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipped, displayWidth, safeExcerpt, safeJson, safeText } from '../src/safe-text.ts';

// Everything that must never reach a terminal raw: C0, DEL, C1, bidi controls, line separators, tags.
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\u{e0041}/u;

describe('safeText', () => {
  it.each([
    ['plain “naïve” żółć 漢字 🐎', 'plain “naïve” żółć 漢字 🐎'],
    ['\u001b[31mred\u001b[0m', '\\e[31mred\\e[0m'],
    ['\u001b]0;title\u0007', '\\e]0;title\\x07'],
    ['\u009b2J', '\\x9b2J'],
    ['a\r\nb\tc\u0000', 'a\\r\\nb\\tc\\x00'],
    ['user\u202etxt.exe', 'user\\u{202e}txt.exe'],
    ['\ud800', '\\u{d800}'],
    ['zero\u200bwidth', 'zero\\u{200b}width'],
    ['tag\u{e0041}', 'tag\\u{e0041}'],
    ['family 👨‍👩‍👧', 'family 👨‍👩‍👧'],
  ])('%j', (text, shown) => {
    expect(safeText(text)).toBe(shown);
  });

  it('lets nothing through that acts on a terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (s) => {
        expect(safeText(s)).not.toMatch(DANGEROUS);
        expect(safeExcerpt(s)).not.toMatch(DANGEROUS);
      }),
      { seed: 1 },
    );
  });

  it('makes an excerpt one line of prose', () => {
    expect(safeExcerpt('  one\n\n\ttwo \u001b[2Jthree\n')).toBe('one two \\e[2Jthree');
  });
});

describe('safeJson', () => {
  it('parses to the same value and acts on nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (s) => {
        const json = safeJson(JSON.stringify({ s }));
        expect(JSON.parse(json)).toEqual({ s });
        expect(json).not.toMatch(DANGEROUS);
      }),
      { seed: 2 },
    );
  });
});

describe('width on a terminal', () => {
  it.each([
    ['abc', 3],
    ['漢字', 4],
    ['e\u0301', 1],
    ['🐎', 2],
    ['≈ →', 3],
  ])('%s is %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it('clips by columns, with an ellipsis', () => {
    expect(clipped('abcdef', 6)).toBe('abcdef');
    expect(clipped('abcdef', 5)).toBe('abcd…');
    expect(clipped('漢字漢字', 5)).toBe('漢字…');
    expect(clipped('漢字漢字', 6)).toBe('漢字…');
  });
});

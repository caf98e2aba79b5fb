import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CLASS_PALETTE, CLASS_RUNS, DECOMPOSITIONS, FOLDINGS, FORMS } from '../src/unicode/tables.ts';
import * as unicode from '../src/unicode.ts';

const hash = (s: string): string => createHash('sha256').update(s).digest('hex').slice(0, 16);
const cp = (s: string): number => s.codePointAt(0)!;
const count = (test: (cp: number) => boolean): number => {
  let n = 0;
  for (let i = 0; i <= 0x10ffff; i++) if (test(i)) n++;
  return n;
};

describe('unicode tables', () => {
  it('are those of Unicode 17.0, to the bit', () => {
    expect(unicode.UNICODE_VERSION).toBe('17.0');
    expect(hash(CLASS_PALETTE.join())).toBe('201a8e182a7bfa34');
    expect(hash(CLASS_RUNS)).toBe('9b6dd53d7ff0b6df');
    expect(hash(FOLDINGS)).toBe('112b5a83bc09ac5e');
    expect(hash(DECOMPOSITIONS)).toBe('8d1bebccd970fac5');
    expect(hash(FORMS)).toBe('f1781387df63b0ae');
  });

  it('have as many members per class as the Unicode Character Database says', () => {
    expect(count(unicode.isLetter)).toBe(145672);
    expect(count(unicode.isMark)).toBe(2543);
    expect(count(unicode.isNumber)).toBe(1924);
    expect(count(unicode.isPunctuation)).toBe(856);
    expect(count(unicode.isSymbol)).toBe(8617);
    expect(count(unicode.isWhiteSpace)).toBe(25);
    expect(count(unicode.isUppercase)).toBe(1886);
    expect(count(unicode.isDigit)).toBe(770);
    expect(count(unicode.isTerminal)).toBe(171);
    expect(count((c) => unicode.foldCase(c) !== c)).toBe(1512);
    expect(count((c) => unicode.decompose(c) !== null)).toBe(2081 + 11172);
  });

  it('classify single code points', () => {
    expect(['a', 'Z', 'é', 'ß', '中', 'ا', 'ª'].every((c) => unicode.isLetter(cp(c)))).toBe(true);
    expect(['1', '_', ' ', '\u0301', '€', '\0', '\u{10ffff}'].some((c) => unicode.isLetter(cp(c)))).toBe(false);
    expect(['_', '-', '“', '。', '@', '%'].every((c) => unicode.isPunctuation(cp(c)))).toBe(true);
    expect(['$', '+', '<', '=', '>', '^', '`', '|', '~', '€', '😀'].every((c) => unicode.isSymbol(cp(c)))).toBe(true);
    expect(
      ['\t', '\v', '\r', ' ', '\u0085', '\u00a0', '\u2028', '\u3000'].every((c) => unicode.isWhiteSpace(cp(c))),
    ).toBe(true);
    expect(['\u001c', '\u200b', '\ufeff', '\u180e'].some((c) => unicode.isWhiteSpace(cp(c)))).toBe(false);
    expect(['.', '?', '!', '。', '？', '…', '؟', '।'].every((c) => unicode.isTerminal(cp(c)))).toBe(true);
    expect([',', ':', ';', '"'].some((c) => unicode.isTerminal(cp(c)))).toBe(false);
    expect([')', ']', '}', '"', "'", '”', '»', '「', '」'].filter((c) => !unicode.isCloser(cp(c)))).toEqual(['「']);
    expect(unicode.isDigit(cp('٣'))).toBe(true);
    expect(unicode.isDigit(cp('½'))).toBe(false);
    expect(unicode.isNumber(cp('½'))).toBe(true);
    expect(unicode.isUppercase(cp('Ⓐ'))).toBe(false);
    expect(unicode.classOf(0xd800)).toBe(0);
  });

  it('folds case one code point to one', () => {
    const fold = (s: string): string => Array.from(s, (c) => String.fromCodePoint(unicode.foldCase(cp(c)))).join('');
    expect(fold('AZaz[@ÀÞ×ΣςſKÅİıẞᏸꭰΐﬅ')).toBe('azaz[@àþ×σσskåİıßᏰᎠΐﬆ');
  });

  it('decomposes', () => {
    expect(unicode.decompose(cp('é'))).toEqual([0x65, 0x301]);
    expect(unicode.decompose(cp('ǖ'))).toEqual([0x75, 0x308, 0x304]);
    expect(unicode.decompose(cp('각'))).toEqual([0x1100, 0x1161, 0x11a8]);
    expect(unicode.decompose(cp('가'))).toEqual([0x1100, 0x1161]);
    expect(unicode.decompose(cp('Å'))).toEqual([0x41, 0x30a]);
    expect(unicode.decompose(cp('ﬁ'))).toBeNull();
    expect(unicode.decompose(cp('e'))).toBeNull();
  });
});

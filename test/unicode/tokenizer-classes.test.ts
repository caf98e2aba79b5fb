import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { TOKEN_CLASS, tokenClassOf } from '../../src/unicode/tokenizer-classes.ts';
import {
  COMBINING_RUNS,
  NORMAL_DECOMPOSITIONS,
  TOKEN_CLASS_PALETTE,
  TOKEN_CLASS_RUNS,
} from '../../src/unicode/tokenizer-tables.ts';
import { isLetter, isNumber, isWhiteSpace } from '../../src/unicode.ts';

const hash = (s: string): string => createHash('sha256').update(s).digest('hex').slice(0, 16);
const has = (cp: number, bit: number): boolean => (tokenClassOf(cp) & bit) !== 0;
const count = (bit: number): number => {
  let n = 0;
  for (let cp = 0; cp <= 0x10ffff; cp++) if (has(cp, bit)) n++;
  return n;
};

describe('classes of tokenizers', () => {
  it('are those of Unicode 16.0, to the bit', () => {
    const tables = [TOKEN_CLASS_PALETTE.join(), TOKEN_CLASS_RUNS, COMBINING_RUNS, NORMAL_DECOMPOSITIONS];
    expect(tables.map(hash)).toEqual(['cb863b2bcb436558', '1a6e5dd15c1086ac', '58d79390654f67d9', '7ce31e1a5a903d24']);
  });

  it('have as many members as the Unicode Character Database says', () => {
    expect(count(TOKEN_CLASS.letter)).toBe(141028);
    expect(count(TOKEN_CLASS.number)).toBe(1911);
    expect(count(TOKEN_CLASS.white)).toBe(25);
    expect(count(TOKEN_CLASS.digit)).toBe(1924);
  });

  it('differ from the classes of all else only where Unicode 17.0 has more', () => {
    const added = { letters: 0, numbers: 0, white: 0 };
    let lost = 0;
    for (let cp = 0; cp <= 0x10ffff; cp++) {
      const now = [isLetter(cp), isNumber(cp), isWhiteSpace(cp)];
      const then = [TOKEN_CLASS.letter, TOKEN_CLASS.number, TOKEN_CLASS.white].map((bit) => has(cp, bit));
      if (then.some((yes, i) => yes && !now[i])) lost++;
      if (now[0] && !then[0]) added.letters++;
      if (now[1] && !then[1]) added.numbers++;
      if (now[2] && !then[2]) added.white++;
    }
    expect(lost).toBe(0);
    expect(added).toEqual({ letters: 145672 - 141028, numbers: 1924 - 1911, white: 0 });
  });

  it('know what a word is by the library, white space and cases of letters', () => {
    for (const c of 'a1_é\u0301Ⅷⓐ\u200d') expect(has(c.codePointAt(0)!, TOKEN_CLASS.word)).toBe(true);
    for (const c of ' -½²\u00b7') expect(has(c.codePointAt(0)!, TOKEN_CLASS.word)).toBe(false);
    expect([0x85, 0xfeff, 0x200b].map((cp) => has(cp, TOKEN_CLASS.white))).toEqual([true, false, false]);
    const cases = (c: string): boolean[] =>
      [TOKEN_CLASS.upper, TOKEN_CLASS.lower].map((b) => has(c.codePointAt(0)!, b));
    expect(['A', 'a', 'ǅ', 'ʰ', '水', '\u0301', '1'].map(cases)).toEqual([
      ...[
        [true, false],
        [false, true],
        [true, false],
        [true, true],
        [true, true],
        [true, true],
        [false, false],
      ],
    ]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from '../../../src/cli/explain/diff-lines.ts';
import { styleFor } from '../../../src/cli/terminal/terminal.ts';
import { wordDiff } from '../../../src/ledger/word-diff.ts';

const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 });
const terminal = { width: 80, style: styleFor({ isTTY: false }), out: () => {} };

/** Length of the longest common subsequence, the slow way. */
function common(a: readonly string[], b: readonly string[]): number {
  let row = new Array(b.length + 1).fill(0);
  for (const x of a) {
    const next = [0];
    for (const [j, y] of b.entries()) next.push(x === y ? row[j] + 1 : Math.max(row[j + 1], next[j]));
    row = next;
  }
  return row[b.length];
}

describe('wordDiff', () => {
  it('leads from one text to the other, the shortest way', () => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        const parts = wordDiff(a, b);
        const of = (...kinds: string[]) => parts.filter((p) => kinds.includes(p.kind)).flatMap((p) => p.words);
        expect(of('same', 'removed')).toEqual(a);
        expect(of('same', 'added')).toEqual(b);
        expect(of('same')).toHaveLength(common(a, b));
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it('shows texts that have little in common as one replacement', () => {
    const [a, b] = ['x', 'y'].map((name) => Array.from({ length: 2000 }, (_, i) => `${name}${i}`));
    expect(wordDiff(['s', ...a], ['s', ...b]).map((p) => [p.kind, p.words.length])).toEqual([
      ['same', 1],
      ['removed', 2000],
      ['added', 2000],
    ]);
  });
});

describe('diffLines', () => {
  it('marks what differs, with few words around, and lets nothing act on the terminal', () => {
    const text = Array.from({ length: 30 }, (_, i) => `w${i}`).join(' ');
    expect(diffLines(terminal, text, text.replace('w14', 'new \u001b[31mred'), '  ', 9)).toEqual([
      '  (8 words) w8 w9 w10 w11 w12 w13 [-w14-] {+new \\e[31mred+} w15 w16 w17 w18 w19',
      '  w20 (9 words)',
    ]);
    expect(diffLines(terminal, 'a b', 'a  b', '', 9)).toEqual(['The words are identical; only white space differs.']);
    expect(diffLines(terminal, 'a b', 'a b', '', 9)).toEqual(['The texts are identical.']);
    const [line, more] = diffLines(terminal, 'a b c '.repeat(20), 'a x c '.repeat(20), '', 1);
    expect(line.length).toBeLessThanOrEqual(80);
    expect(more).toMatch(/^\.\.\. \d+ more lines; in total 20 words removed, 20 added, 40 unchanged$/);
  });
});

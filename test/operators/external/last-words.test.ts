import { describe, expect, it } from 'vitest';
import { lastWords } from '../../../src/operators/external/last-words.ts';

const shown = (frame: string): string => `  ${frame}\n    some(code)\n    ~~~~^^^^^^\n`;
const traceback = (frames: readonly string[], last: string): string =>
  `noise\nTraceback (most recent call last):\n${frames.map(shown).join('')}${last}\n`;
const frame = (file: string, line: number, name: string): string => `File "${file}", line ${line}, in ${name}`;

describe('lastWords', () => {
  it('has the last three lines of a program, and nothing of a silent one', () => {
    expect(lastWords('one\ntwo\n\n three \nfour\n')).toBe('two / three / four');
    expect(lastWords('')).toBe('');
    expect(lastWords('x'.repeat(1000))).toHaveLength(400);
  });

  it.each([
    [
      'the place in the code of the user, not of a package',
      [
        frame('/home/u/my_filter.py', 3, '<module>'),
        frame('/opt/sluice/python/sluice_filter/sluice_filter/__init__.py', 20, 'filter'),
        frame('/home/u/words/count.py', 7, 'mean'),
        frame('/home/u/venv/lib/python3.11/site-packages/numpy/core.py', 99, 'divide'),
      ],
      'ZeroDivisionError: division by zero',
      'ZeroDivisionError: division by zero (count.py:7, in mean)',
    ],
    ['a package alone', [frame('/usr/lib/python3/dist-packages/x.py', 4, 'f')], 'E: no', 'E: no (x.py:4, in f)'],
    ['a syntax error', ['File "C:\\u\\f.py", line 2'], 'SyntaxError: invalid', 'SyntaxError: invalid (f.py:2)'],
  ])('tells of Python %s', (_, frames, last, told) => {
    expect(lastWords(traceback(frames, last))).toBe(told);
  });

  it('tells the last of several exceptions, whose traceback may be cut off at its start', () => {
    const first = traceback([frame('a.py', 1, 'f')], 'KeyError: 1');
    const second = traceback([frame('a.py', 2, 'g')], 'ValueError: two\nlines');
    expect(lastWords(`${first}\nDuring handling of the above exception, another:\n\n${second}`)).toBe(
      'ValueError: two (a.py:2, in g)',
    );
    expect(lastWords(first.slice(15))).toBe('KeyError: 1 (a.py:1, in f)');
  });
});

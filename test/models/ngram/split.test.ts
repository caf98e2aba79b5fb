import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { decompress } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { wordsOf } from '../../../src/kernels/reference/words.ts';
import { wordWalk } from '../../../src/models/ngram/split.ts';
import { foldCase, isDigit } from '../../../src/unicode.ts';
import { corporaFolder } from '../../helpers/corpora.ts';

const corpora = corporaFolder();

/** The words of each line, as the walk gives them. */
function linesOf(split: 'words' | 'whitespace', text: string): string[][] {
  const bytes = Buffer.from(`.${text}.`, 'utf8');
  const out: string[][] = [];
  let line: string[] = [];
  wordWalk(split)(bytes, 1, bytes.length - 1, {
    word: (b, from, to) => line.push(Buffer.from(b.subarray(from, to)).toString('utf8')),
    endLine: () => {
      out.push(line);
      line = [];
    },
  });
  expect(line).toEqual([]);
  return out;
}

const folded = (word: string): string =>
  Array.from(word, (c) => {
    const cp = c.codePointAt(0) as number;
    return isDigit(cp) ? '0' : String.fromCodePoint(foldCase(cp));
  }).join('');

/** By the reference of the statistics, which is written over strings. */
const expected = (text: string): string[][] =>
  text
    .split('\n')
    .map((line) => wordsOf(line).map(folded))
    .filter((words) => words.length > 0);

describe('words', () => {
  it('are those of the statistics on any text', () => {
    const part = fc.constantFrom(
      'a',
      'É',
      '—',
      '9',
      '٣',
      ' ',
      '\n',
      '\r\n',
      '\u2028',
      '🐎',
      '“',
      '水',
      "don't",
      'ŞŞ',
      'x'.repeat(300),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(part).map((p) => p.join('')),
          fc.string({ unit: 'grapheme' }),
        ),
        (text) => {
          fc.pre(text.isWellFormed());
          expect(linesOf('words', text)).toEqual(expected(text));
        },
      ),
      { numRuns: 400, seed: 8 },
    );
  });

  it.skipIf(corpora === null)('are those of the statistics on a sample of 57 languages', () => {
    const folder = join(corpora as string, 'multilingual');
    let documents = 0;
    for (const file of readdirSync(folder).filter((f) => f.endsWith('.zst'))) {
      const lines = new TextDecoder()
        .decode(decompress(readFileSync(join(folder, file))))
        .trimEnd()
        .split('\n');
      for (let i = 0; i < lines.length; i += Math.ceil(lines.length / 3)) {
        const { text } = JSON.parse(lines[i]) as { text: string };
        expect(linesOf('words', text.slice(0, 3000))).toEqual(expected(text.slice(0, 3000)));
        documents++;
      }
    }
    expect(documents).toBeGreaterThan(150);
  });
});

describe('whitespace', () => {
  it('are the runs between ASCII white space, as they are', () => {
    expect(linesOf('whitespace', ' The «Mill»,\t99\n\n \nof\u00a0x\r\nEnd')).toEqual([
      ['The', '«Mill»,', '99'],
      ['of\u00a0x'],
      ['End'],
    ]);
    expect(linesOf('whitespace', '')).toEqual([]);
  });
});

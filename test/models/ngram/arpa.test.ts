import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readArpa, writeArpa } from '../../../src/models/ngram/arpa.ts';
import { type NgramModel, ngramWalk } from '../../../src/models/ngram/model.ts';
import { ngramScorer } from '../../../src/models/ngram/scorer.ts';
import { trainNgram } from '../../../src/models/ngram/train.ts';
import type { Scores } from '../../../src/models/scorers/scorer.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';
import { corporaFolder } from '../../helpers/corpora.ts';
import { temporaryFolder } from './folders.ts';

const corpora = corporaFolder();

/** log10 of each word and of the end, after `<s>`; and the length of the n-gram that was found. */
function scoresOf({ trie, vocabulary }: NgramModel, sentence: string): [log10: number, length: number][] {
  const walk = ngramWalk(trie, 1);
  walk.begin();
  const words = sentence === '' ? [] : sentence.split(' ');
  return [...words, '</s>'].map((w) => [walk.step(vocabulary.findText(w)), walk.matched()]);
}

// biome-ignore lint/suspicious/noApproximativeNumericConstant: a probability in the file, not pi
const FOO = -3.141592;

/** What KenLM (Python module kenlm, full_scores) says of its own test models: sentence, then log10 and n-gram length
 * of each word; no length
 * where it counts n-grams that it has put in itself. */
const KENLM: readonly (readonly [
  file: string,
  sentence: string,
  ...scores: (readonly [log10: number, length?: number])[],
])[] = [
  ['test.arpa', '', [-1.444466, 1]],
  [
    'test.arpa',
    'looking on a little the biarritz not_found more .',
    [-0.484652, 2],
    [-0.348837, 3],
    [-0.015527, 4],
    [-0.003061, 5],
    [-4.040054, 1],
    [-1.988902, 1],
    [-2.296665, 1],
    [-21.20632, 1],
    [-0.51363, 2],
    [-0.019165, 3],
  ],
  [
    'test.arpa',
    'also would consider higher looking',
    [-2.102845, 1],
    [-2, 2],
    [-3, 3],
    [-4, 4],
    [-5, 5],
    [-1.506614, 1],
  ],
  [
    'test.arpa',
    'looking on a little more loin',
    [-0.484652, 2],
    [-0.348837, 3],
    [-0.015527, 4],
    [-0.003061, 5],
    [-0.001814, 5],
    [-0.043256, 5],
    [-0.670838, 2],
  ],
  ['test.arpa', 'foo bar baz foo bar', [-3.556565, 1], [-6, 2], [-3.535897, 1], [FOO, 1], [-6, 2], [1.970507, 1]],
  [
    'test.arpa',
    'unknown however unknown2 , is to look a little',
    [-2.410608, 1],
    [-4, 2],
    [-6, 3],
    [-33.383514, 1],
    [-0.752209, 2],
    [-0.29221, 2],
    [-0.29221, 2],
    [-7, 3],
    [-0.091325, 2],
    [-2.427433, 1],
  ],
  [
    'test.arpa',
    'would consider higher looking on a',
    [-2.102845, 1],
    [-1.988902],
    [-1.810589],
    [-1.586971],
    [-0.46389, 2],
    [-0.048351, 3],
    [-2.682705, 1],
  ],
  [
    'test_nounk.arpa',
    'also would be however beyond',
    [-2.102845, 1],
    [-2, 2],
    [-106.301033, 1],
    [-1.687872, 1],
    [-1.988902, 1],
    [-1.330523, 1],
  ],
];

const text = (...lines: string[]): string => `${lines.join('\n')}\n`;
const SMALL = text(
  '\\data\\',
  'ngram 1=3',
  'ngram 2=1',
  '',
  '\\1-grams:',
  '-1\ta\t-0.5',
  '-1\t</s>',
  '-99\t<s>\t0',
  '',
  '\\2-grams:',
  '-0.5\ta </s>',
  '',
  '\\end\\',
);

async function failureOf(content: string): Promise<string> {
  const path = join(await temporaryFolder(), 'm.arpa');
  await writeFile(path, content);
  return readArpa(path).then(
    () => 'none',
    (e: Error) => e.message.replace(path, 'm.arpa'),
  );
}

describe('ARPA', () => {
  it.skipIf(corpora === null)('gives every word of a sentence the probability that KenLM gives it', async () => {
    for (const [file, sentence, ...want] of KENLM) {
      const model = await readArpa(join(corpora as string, 'conformance/kenlm', file));
      const got = scoresOf(model, sentence);
      expect(got.map(([, n], i) => want[i][1] && n)).toEqual(want.map(([, n]) => n));
      got.forEach(([log10], i) => {
        expect(log10).toBeCloseTo(want[i][0], 5);
      });
    }
  });

  it.skipIf(corpora === null)('scores lines as sentences and adds them up', async () => {
    const model = await readArpa(join(corpora as string, 'conformance/kenlm/test.arpa'));
    const scores = ngramScorer(model, 'h').score(
      utf8Column(['looking on a little more loin\n\nfoo bar baz foo bar\n', 'looking on a little more loin', '\n']),
    ) as Scores;
    expect(scores.tokens).toEqual(Int32Array.of(13, 7, 0));
    expect(scores.nllSum[0] / Math.LN10).toBeCloseTo(1.567985 + 20.263548, 5);
    expect(scores.nllSum[1] / Math.LN10).toBeCloseTo(1.567985, 6);
    expect(scores.nllSum[2]).toBeNaN();
    expect(scores.reason).toEqual([null, null, 'empty']);
  });

  it.skipIf(corpora === null)('writes what it has read, number by number', async () => {
    const source = join(corpora as string, 'conformance/kenlm/test.arpa');
    const path = join(await temporaryFolder(), 'out.arpa');
    const model = await readArpa(source);
    await writeArpa(path, model);
    const lines = (await readFile(path, 'utf8')).split('\n');
    const has = (line: string): boolean => lines.includes(line);
    for (const line of (await readFile(source, 'utf8')).split('\n').filter((l) => /^-?\d.*\t.*\t/.test(l)))
      expect([line, has(line.replace(/-0\.0$/, '0').replace(/3\.0$/, '3'))]).toEqual([line, true]);
    // Beginnings that no line of the source has are filled in.
    expect(lines.filter((l) => l.startsWith('ngram '))).toEqual([
      'ngram 1=37',
      'ngram 2=47',
      'ngram 3=11',
      'ngram 4=6',
      'ngram 5=4',
    ]);
    expect((await readArpa(path)).trie).toEqual(model.trie);
  });

  it('keeps a trained model bit for bit', async () => {
    const path = join(await temporaryFolder(), 'm.arpa');
    const model = await trainNgram(['the gate and the wheel\nthe wheel and the water', 'the gate'], {
      split: 'words',
      order: 3,
      prune: [0],
    });
    await writeArpa(path, model);
    const back = await readArpa(path, 'words');
    expect(back.trie).toEqual(model.trie);
    expect(back.vocabulary.parts()).toEqual(model.vocabulary.parts());
  });

  it('puts in the beginnings that a file leaves out, with the probability of backing off', async () => {
    const path = join(await temporaryFolder(), 'm.arpa');
    await writeFile(
      path,
      text(
        '\\data\\',
        'ngram 1=4',
        'ngram 2=1',
        'ngram 3=1',
        '\\1-grams:',
        '-1\ta\t-0.5',
        '-2\tb\t-0.25',
        '-1\t</s>',
        '-99\t<s>\t0',
        '\\2-grams:',
        '-0.5\tb b',
        '\\3-grams:',
        '-0.125\ta b a',
        '\\end\\',
      ),
    );
    const model = await readArpa(path);
    expect(Array.from(model.trie.levels)).toEqual([0, 5, 7, 8]);
    expect(scoresOf(model, 'a b a')).toEqual([
      [-1, 1],
      [-2.5, 2],
      [-0.125, 3],
      [-1.5, 1],
    ]);
  });

  it('reads words that hold other white space than that of ASCII, at the end of a line too', async () => {
    const path = join(await temporaryFolder(), 'm.arpa');
    for (const word of ['x\u00a0', '\ufeff', '\u3000', 'x\u2028y']) {
      await writeFile(
        path,
        SMALL.replace('1=3', '1=4').replace('-99', `-2\t${word}\t-0.25\n-99`).replace('a </s>', `a ${word}`),
      );
      const model = await readArpa(path);
      expect(scoresOf(model, `a ${word}`)).toEqual([
        [-1, 1],
        [-0.5, 2],
        [-1.25, 1],
      ]);
    }
    const words = await trainNgram(['\ufeffone two \ufeff one \ufeff'], { split: 'words', order: 2, prune: [0] });
    await writeArpa(path, words);
    expect((await readArpa(path, 'words')).trie).toEqual(words.trie);
  });

  it('reads a file packed with gzip as the file itself, of several members too', async () => {
    const folder = await temporaryFolder();
    const [plain, packed] = [join(folder, 'm.arpa'), join(folder, 'm.arpa.gz')];
    await writeFile(plain, SMALL);
    const halves = [SMALL.slice(0, 40), SMALL.slice(40)].map((half) => gzipSync(half));
    await writeFile(packed, Buffer.concat(halves));
    expect((await readArpa(packed)).trie).toEqual((await readArpa(plain)).trie);
    await writeFile(packed, halves[0].subarray(0, 30));
    await expect(readArpa(packed)).rejects.toThrow(
      /m\.arpa\.gz: expected a whole gzip file, got unexpected end of file/,
    );
  });

  it.each([
    ['mmap lm http://kheafield.com/code format version 5\n\0', 'a binary model of KenLM', 'which lmplz wrote'],
    ['\xfd7zXZ\0', 'a file packed with xz', 'xz -dk'],
    ['BZh91AY', 'a file packed with bzip2', 'bzip2 -dk'],
    ['\x28\xb5\x2f\xfd', 'a file packed with zstd', 'zstd -dk'],
  ])('says what %j is, and what to do', async (head, got, fix) => {
    const path = join(await temporaryFolder(), 'm.bin');
    await writeFile(path, Buffer.from(head, 'latin1'));
    await expect(readArpa(path)).rejects.toThrow(`expected an n-gram model as ARPA, got ${got}.`);
    await expect(readArpa(path)).rejects.toThrow(fix);
  });

  it('takes <UNK> for the unknown word, as KenLM does', async () => {
    const path = join(await temporaryFolder(), 'm.arpa');
    await writeFile(path, SMALL.replace('-1\ta\t-0.5', '-1.5\t<UNK>\t-0.5').replace('a </s>', '<UNK> </s>'));
    expect(scoresOf(await readArpa(path), 'anything')).toEqual([
      [-1.5, 1],
      [-0.5, 2],
    ]);
  });

  it('makes no room for more n-grams than the file can hold', async () => {
    expect(await failureOf(SMALL.replace('2=1', '2=99999999999'))).toMatch(
      /line 10: expected at most \d+ 2-grams, as the file has room for, got 99999999999 by \\data\\/,
    );
  });

  it('says what is wrong, and in which line', async () => {
    expect(await failureOf(SMALL)).toBe('none');
    const fix = 'Check that it is a complete ARPA file, or one packed with gzip.';
    expect(await failureOf('hello\n')).toBe(`m.arpa, line 1: expected \\data\\, got the end of the file. ${fix}`);
    expect(await failureOf(SMALL.replace('\\end\\', ''))).toMatch(/expected \\end\\, got the end of the file/);
    expect(await failureOf(SMALL.replace('a </s>', 'b </s>'))).toMatch(
      /line 11: expected words that are among the 1-grams, got b\./,
    );
    expect(await failureOf(SMALL.replace('-0.5\ta </s>', 'x\ta </s>'))).toMatch(/line 11: expected a number, 2 words/);
    expect(await failureOf(SMALL.replace('2=1', '2=2'))).toMatch(/expected 2 2-grams, as \\data\\ says, got 1/);
    expect(await failureOf(SMALL.replace('2=1', '2=2').replace('-0.5\ta </s>', '-0.5\ta </s>\n-0.5\ta </s>'))).toMatch(
      /expected every 2-gram once, got a <\/s>/,
    );
  });
});

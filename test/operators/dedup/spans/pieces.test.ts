import { describe, expect, it } from 'vitest';
import * as dedup from '../../../../src/operators/dedup/index.ts';
import { splitLines, splitParagraphs, splitSentences } from '../../../../src/operators/dedup/spans/pieces.ts';
import type { Operator } from '../../../../src/streams/operator.ts';
import { decisionsOf, outcomes } from '../../../helpers/barriers.ts';
import type { TestDocument } from '../../../helpers/batches.ts';

type Splits = readonly (readonly (string | TestDocument)[])[];

const left = async (operator: Operator, splits: Splits, memoryBytes?: number, rows?: number): Promise<string[]> =>
  outcomes(operator, splits, await decisionsOf(operator, splits, { memoryBytes, rows }));

function pieces(split: typeof splitLines, text: string): string[] {
  const bytes = Buffer.from(`xx${text}yy`);
  const bounds: number[] = [];
  split(bytes, 2, bytes.length - 2, bounds);
  return bounds.slice(1).map((to, i) => bytes.subarray(bounds[i], to).toString('utf8'));
}

const A = 'The first paragraph of them all.';
const B = 'A second one\nthat has two lines.';
const C = 'What nobody said before, at last.';

describe('pieces of texts', () => {
  it('parts lines, paragraphs and sentences without losing a byte', () => {
    expect(pieces(splitLines, 'a\n\nb\n')).toEqual(['a\n', '\n', 'b\n']);
    expect(pieces(splitParagraphs, '\na\nb\n \n\nc\n\n')).toEqual(['\n', 'a\nb\n \n\n', 'c\n\n']);
    expect(pieces(splitSentences, 'One. "Two!" (three?) v1.2 is 人民。共和！ end\nnext... x')).toEqual([
      'One. ',
      '"Two!" ',
      '(three?) ',
      'v1.2 is 人民。',
      '共和！ ',
      'end\n',
      'next... ',
      'x',
    ]);
  });
});

describe('dedup.paragraphs()', () => {
  it('cuts what stood before, in an earlier document or the same', async () => {
    const splits = [
      [`${A}\n\n${B}`, `${B}\n\n${C}\n\n  ${A}`],
      [`${C}\n\n${C}`, 'x\n\nx', `new\n\n${A}\n\n${A}\n\nlast`],
    ];
    expect(await left(dedup.paragraphs(), splits)).toEqual([
      `${A}\n\n${B}`,
      `${C}\n\n`,
      '<paragraphs_nothing_left>',
      'x\n\nx',
      'new\n\nlast',
    ]);
  });

  it('compares letters only when told so, and drops what gets too short', async () => {
    const splits = [[A, `${A.toUpperCase()}!\n\none two`, `--- ${A}\n\none two three`]];
    expect(await left(dedup.paragraphs(), splits)).toEqual(splits[0]);
    expect(await left(dedup.paragraphs({ normalize: 'letters', minWordsLeft: 3 }), splits)).toEqual([
      A,
      '<paragraphs_min_words_left>',
      'one two three',
    ]);
  });

  it('leaves pieces without a letter alone when it compares letters', async () => {
    const rule = '-'.repeat(40);
    expect(await left(dedup.paragraphs({ normalize: 'letters' }), [[`a\n\n${rule}`, `b\n\n${rule}`]])).toEqual([
      `a\n\n${rule}`,
      `b\n\n${rule}`,
    ]);
    expect(await left(dedup.paragraphs(), [[`a\n\n${rule}`, `b\n\n${rule}`]])).toEqual([`a\n\n${rule}`, 'b\n\n']);
  });
});

describe('dedup.lines()', () => {
  it('cuts lines with their line ends; short ones stay', async () => {
    const line = 'Sign up for our letter of news today';
    expect(await left(dedup.lines(), [[`a\n${line}\nb`, `${line}  \nb\n${line}`, line]])).toEqual([
      `a\n${line}\nb`,
      'b\n',
      '<lines_nothing_left>',
    ]);
    expect(await left(dedup.lines({ minBytes: 1 }), [['a\nb\na\n\n', 'b\nc']])).toEqual(['a\nb\n\n', 'c']);
  });

  it('decides the same with little memory, in other splits and batches', async () => {
    const texts = Array.from({ length: 300 }, (_, i) =>
      Array.from({ length: 8 }, (_, k) => `a line of some length, number ${(i * 31 + k * 97) % 701}`).join('\n'),
    );
    const one = await left(dedup.lines(), [texts]);
    const seen = new Set<string>();
    expect(one).toEqual(
      texts.map((text) => {
        const rest = text.split('\n').filter((line) => !seen.has(line) && seen.add(line));
        if (rest.length === 0) return '<lines_nothing_left>';
        return rest.join('\n') + (text.endsWith(rest[rest.length - 1]) ? '' : '\n');
      }),
    );
    expect(await left(dedup.lines(), [texts], 8000, 7)).toEqual(one);
    const many = Array.from({ length: 64 }, (_, s) => texts.slice((s * 300) / 64, ((s + 1) * 300) / 64));
    expect(await left(dedup.lines(), many, 8000)).toEqual(one);
  });
});

describe('dedup.sentences()', () => {
  const span = 'First of three sentences here. Then the second one follows. And a third.';

  it('cuts spans of three that stood before, whatever the case', async () => {
    const options = { minWordsLeft: 0, minSentencesLeft: 0 };
    const splits = [
      [
        `${span} More.`,
        `Intro here. ${span.toUpperCase()} Tail.`,
        `Start now. First of three sentences here. Then the second one follows. Else.`,
      ],
    ];
    expect(await left(dedup.sentences(options), splits)).toEqual([`${span} More.`, 'Intro here. Tail.', splits[0][2]]);
  });

  it('takes a shorter text as one span, and counts what is left', async () => {
    const two = 'Only two sentences in this text. This is the other.';
    const splits = [[two, two, `${span} One. Two.`, `${span} Here are five more words. And six.`, `${span} A. B. C.`]];
    expect(await left(dedup.sentences({ minWordsLeft: 4 }), splits)).toEqual([
      two,
      '<sentences_nothing_left>',
      `${span} One. Two.`,
      '<sentences_min_sentences_left>',
      '<sentences_min_words_left>',
    ]);
  });
});

describe('dedup.boilerplate()', () => {
  const notice = 'We use cookies to make this site better.';
  const documents = (domain: string, count: number): TestDocument[] =>
    Array.from({ length: count }, (_, i) => ({ text: `${notice}\n\n${domain} ${i}\n\n${notice}`, domain }));

  it('cuts what stands in more documents of a domain than told, from all of them', async () => {
    const splits = [documents('a', 3), [...documents('b', 2), { text: notice, domain: 'a' }]];
    const all = ['a 0\n\n', 'a 1\n\n', 'a 2\n\n'];
    const b = splits[1].slice(0, 2).map((d) => d.text);
    expect(await left(dedup.boilerplate({ moreThan: 3 }), splits)).toEqual([
      ...all,
      ...b,
      '<boilerplate_nothing_left>',
    ]);
    expect(await left(dedup.boilerplate({ moreThan: 4 }), splits)).toEqual(splits.flat().map((d) => d.text));
    expect(await left(dedup.boilerplate({ moreThan: 2, keepFirst: true }), splits, 3000)).toEqual([
      splits[0][0].text,
      ...all.slice(1),
      ...b,
      '<boilerplate_nothing_left>',
    ]);
  });

  it('takes lines when told so', async () => {
    const text = (i: number): string => `Home | Products | About | Contact us\nText ${i}`;
    expect(await left(dedup.boilerplate({ unit: 'lines', moreThan: 2 }), [[text(0), text(1), text(2)]])).toEqual([
      'Text 0',
      'Text 1',
      'Text 2',
    ]);
  });
});

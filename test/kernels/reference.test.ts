import { describe, expect, it } from 'vitest';
import { FUNCTION_WORDS, STOP_WORDS } from '../../src/kernels/function-words.ts';
import { fineweb } from '../../src/kernels/reference/fineweb.ts';
import { gopherQuality } from '../../src/kernels/reference/gopher-quality.ts';
import { gopherRepetition } from '../../src/kernels/reference/gopher-repetition.ts';
import { referenceStatistics } from '../../src/kernels/reference/statistics.ts';
import { generalText, tokensEstimate } from '../../src/kernels/reference/text.ts';
import { linesOf, paragraphsOf, tokensOf, wordsOf } from '../../src/kernels/reference/words.ts';
import { STATISTICS } from '../../src/kernels/statistics.ts';

const NONE = Number.NaN;

describe('units of text', () => {
  it('splits tokens, words, lines and paragraphs', () => {
    expect(tokensOf(' a\u00a0b\u3000c\u200bd\t\u2028e ')).toEqual(['a', 'b', 'c\u200bd', 'e']);
    expect(wordsOf('"Don\'t," -- (he) said: $5 … ¡x! ⟨y⟩ #1')).toEqual(["Don't", 'he', 'said', '5', 'x', 'y', '1']);
    expect(linesOf(' a \r\n\r\n\t\nb\rc')).toEqual(['a', 'b\rc']);
    expect(paragraphsOf('a\n b\n \nc\n\n\n')).toEqual(['a\nb', 'c']);
  });
});

describe('gopher_quality', () => {
  const cases: [string, string, Record<string, number>][] = [
    ['counts words, not tokens', 'one - two, 3!', { gopher_word_count: 3, gopher_mean_word_length: 7 / 3 }],
    ['has no mean without words', '- # …', { gopher_word_count: 0, gopher_mean_word_length: NONE }],
    ['counts # per token', '# a b#c ##', { gopher_hash_ratio: 4 / 4 }],
    [
      'counts ... without overlap, and the one-character ellipsis',
      'a.. b... ..... ...... …',
      { gopher_ellipsis_ratio: 5 / 5 },
    ],
    ['knows bullets', '• a\n- b\n-c\n* d\n*e*\n-\n▪x\n— y', { gopher_bullet_line_ratio: 5 / 8 }],
    [
      'takes white space of any kind after a bullet',
      '-\u3000a\n*\u00a0b\n-\u200bc',
      { gopher_bullet_line_ratio: 2 / 3 },
    ],
    ['knows lines that end in an ellipsis', 'a...\nb… \nc..\n... d', { gopher_ellipsis_line_ratio: 2 / 4 }],
    ['counts tokens with a letter', 'a 1 1a — é ² 中', { gopher_alpha_word_ratio: 4 / 7 }],
    ['counts different stop words without case', 'The THE (the) be of-', { gopher_stop_word_count: 3 }],
    ['does not find stop words inside words', 'then andy "that\'s" toto', { gopher_stop_word_count: 0 }],
    [
      'has no ratios of an empty text',
      '',
      { gopher_word_count: 0, gopher_hash_ratio: NONE, gopher_bullet_line_ratio: NONE },
    ],
  ];
  it.each(cases)('%s', (_, text, want) => {
    expect(gopherQuality(text)).toMatchObject(want);
  });
});

describe('gopher_repetition', () => {
  it('counts 2nd and later copies of lines and paragraphs', () => {
    // Lines a a bb a: 2 of 4 are copies, 2 of 5 code points. Paragraphs "a\na", "bb\na": none.
    expect(gopherRepetition('a\n a \n\nbb\na')).toMatchObject({
      gopher_duplicate_line_ratio: 2 / 4,
      gopher_duplicate_line_char_ratio: 2 / 5,
      gopher_duplicate_paragraph_ratio: 0,
      gopher_duplicate_paragraph_char_ratio: 0,
    });
    expect(gopherRepetition('a\nb\n\nc\n\na\nb\r\n')).toMatchObject({
      gopher_duplicate_paragraph_ratio: 1 / 3,
      gopher_duplicate_paragraph_char_ratio: 3 / 7,
    });
    expect(gopherRepetition('a\nA').gopher_duplicate_line_ratio).toBe(0);
  });
  it('takes the most frequent n-gram, of several the longest, and none that occurs once', () => {
    expect(gopherRepetition('a b a b c').gopher_top_2_gram_char_ratio).toBe(4 / 5);
    expect(gopherRepetition('a b, x yy. a b; x yy').gopher_top_2_gram_char_ratio).toBe(6 / 10);
    expect(gopherRepetition('a b c d').gopher_top_2_gram_char_ratio).toBe(0);
    expect(gopherRepetition('a a a').gopher_top_2_gram_char_ratio).toBe(4 / 3);
    expect(gopherRepetition('').gopher_top_2_gram_char_ratio).toBeNaN();
  });
  it('covers the words of n-grams seen before, each once', () => {
    const once = 'a b c d e';
    expect(gopherRepetition(once).gopher_duplicate_5_gram_char_ratio).toBe(0);
    // Six a: the 5-gram at 1 has been seen at 0 and covers words 1 to 5.
    expect(gopherRepetition('a a a a a a').gopher_duplicate_5_gram_char_ratio).toBe(5 / 6);
    expect(gopherRepetition('a a a a a a').gopher_duplicate_6_gram_char_ratio).toBe(0);
    const twice = gopherRepetition(`${once} f ${once} f x`);
    expect(twice.gopher_duplicate_5_gram_char_ratio).toBe(6 / 13);
    expect(twice.gopher_duplicate_6_gram_char_ratio).toBe(6 / 13);
    expect(twice.gopher_duplicate_7_gram_char_ratio).toBe(0);
  });
});

describe('fineweb', () => {
  it('knows terminal marks of many scripts, and closers after them', () => {
    expect(fineweb('a.\nb?\nc!"\nd.)”\ne。」\nf؟\ng।\nh…\ni').fineweb_line_punct_ratio).toBe(8 / 9);
    expect(fineweb('a,\nb:\nc)\nd\n"\n').fineweb_line_punct_ratio).toBe(0);
  });
  it('measures short lines in code points, up to 30', () => {
    expect(fineweb(`${'é'.repeat(30)}\n${'é'.repeat(31)}\n  ${'x'.repeat(30)}  `).fineweb_short_line_ratio).toBe(2 / 3);
  });
  it('counts copies by code points and newlines by word', () => {
    expect(fineweb('ab\nab\ncde\n').fineweb_char_dup_ratio).toBe(2 / 7);
    expect(fineweb('ab\nab\ncde\n').fineweb_newline_ratio).toBe(1);
    expect(fineweb('\n\n').fineweb_newline_ratio).toBeNaN();
    expect(fineweb('\n\n').fineweb_line_punct_ratio).toBeNaN();
  });
});

describe('text', () => {
  it('counts code points by class', () => {
    expect(generalText('Ab 1٣½ +€._😀\u0007\n')).toMatchObject({
      text_chars: 14,
      text_letter_ratio: 2 / 14,
      text_digit_ratio: 2 / 14,
      text_upper_ratio: 1 / 2,
      text_white_space_ratio: 3 / 14,
      text_punctuation_ratio: 2 / 14,
      text_symbol_ratio: 3 / 14,
      text_control_ratio: 1 / 14,
      text_replacement_count: 0,
    });
    expect(generalText('\ufffd\u0085\u009fx\u00a0').text_replacement_count).toBe(3);
    expect(generalText('\t\r\n\f').text_control_ratio).toBe(1 / 4);
  });
  it('measures lines and words in code points', () => {
    expect(generalText(' éé \n\nabcd 中文字\n')).toMatchObject({
      text_lines: 2,
      text_mean_line_length: 5,
      text_max_line_length: 8,
      text_max_word_length: 4,
    });
    expect(generalText('\n')).toMatchObject({ text_lines: 0, text_mean_line_length: NONE, text_max_line_length: 0 });
  });
  it('counts words by kind', () => {
    expect(generalText('The cat and THE Cat, the dog.')).toMatchObject({
      text_distinct_word_ratio: 7 / 7,
      text_function_word_ratio: 4 / 7,
    });
    expect(generalText('a a b').text_distinct_word_ratio).toBe(2 / 3);
  });
  it('counts sentences by their ends', () => {
    expect(generalText('One. Two (three!) "Four?" five, … six')).toMatchObject({
      text_sentences: 3,
      text_words_per_sentence: 6 / 3,
    });
    expect(generalText('no end').text_words_per_sentence).toBeNaN();
  });
  it('finds lines in capitals', () => {
    expect(generalText('ALL CAPS 1\nA\nAb\n12\nÉÀ!\n中').text_capital_line_ratio).toBe(3 / 6);
  });
  it('estimates tokens', () => {
    expect(tokensEstimate('')).toBe(0);
    // 9 letter runs, 35 letters, 1 upper case, 1 mark: 5.85 + 2.905 + 0.15 + 0.96 + 0.15 = 10.015
    expect(tokensEstimate('The quick brown fox jumps over the lazy dog.')).toBe(10);
  });
});

describe('tables', () => {
  it('names every statistic once, in the order of the references', () => {
    expect(Object.keys(referenceStatistics('x'))).toEqual(STATISTICS.map((s) => s.name));
  });
  it('has function words that fit the kernel', () => {
    expect(FUNCTION_WORDS.filter((w) => !/^[a-z]{1,8}$/.test(w))).toEqual([]);
    expect(new Set(FUNCTION_WORDS).size).toBe(FUNCTION_WORDS.length);
    expect(STOP_WORDS.filter((w) => !FUNCTION_WORDS.includes(w))).toEqual([]);
    expect(FUNCTION_WORDS.length).toBeLessThan(256);
  });
});

import { describe, expect, it } from 'vitest';
import { cleanAnswer, isRefusal } from '../../../src/operators/create/clean-answer.ts';
import { compareTexts } from '../../../src/operators/create/compare-texts.ts';
import { rephrase } from '../../../src/operators/create/rephrase.ts';
import { filled, PRESETS, STYLES } from '../../../src/operators/create/styles.ts';
import { chunksOf, sentencesOf, wholeSentences } from '../../../src/operators/generate/sentences.ts';

describe('pieces of a text', () => {
  it('end between sentences, and hold about so many tokens', () => {
    const text = Array.from({ length: 40 }, (_, i) => `Sentence number ${i} says a little more than nothing.`).join(
      ' ',
    );
    expect(sentencesOf(text).join('')).toBe(text);
    const chunks = chunksOf(text, 100);
    expect(chunks.join(' ')).toBe(text);
    for (const c of chunks) {
      expect(Buffer.byteLength(c)).toBeLessThanOrEqual(400);
      expect(c.endsWith('nothing.')).toBe(true);
    }
    expect(chunks.length).toBe(6);
  });

  it('cut a sentence that is longer between words, and keep every word', () => {
    const text = Array.from({ length: 200 }, (_, i) => `word${i}`).join(' ');
    const chunks = chunksOf(text, 50);
    expect(chunks.length).toBeGreaterThan(5);
    expect(chunks.join(' ')).toBe(text);
    expect(chunksOf(' \n\n ', 50)).toEqual([]);
    expect(chunksOf('\u4f60\u597d\u3002\u518d\u89c1\u3002', 2)).toEqual(['\u4f60\u597d\u3002', '\u518d\u89c1\u3002']);
  });
});

it('a text that was cut off ends with its last whole sentence', () => {
  expect(wholeSentences('One is. Two "is!" Three wa')).toBe('One is. Two "is!"');
  expect(wholeSentences('Nothing whole')).toBe('');
  expect(wholeSentences('At 3.5 percent')).toBe('');
});

describe('an answer', () => {
  it.each([
    ['Here is a paraphrase of the text: The sky is blue.', 'The sky is blue.'],
    ["Sure! Here's a rewritten version:\n\nThe sky is blue.", 'The sky is blue.'],
    ['**Rewritten text:** The sky is blue.', 'The sky is blue.'],
    ['"The sky is blue."', 'The sky is blue.'],
    ['```\nThe sky is blue.\n```', 'The sky is blue.'],
    ['<text>\nThe sky is blue.\n</text>', 'The sky is blue.'],
    ['The sky is blue.\n\nLet me know if you need more.', 'The sky is blue.'],
    ['Here is the house that Jack built.', 'Here is the house that Jack built.'],
    ['Surely the sky is blue.', 'Surely the sky is blue.'],
    ['Question: Why?\nAnswer: Because.', 'Question: Why?\nAnswer: Because.'],
  ])('is cleaned: %s', (answer, text) => {
    expect(cleanAnswer(answer)).toBe(text);
  });

  it.each([
    ["I'm sorry, but I can't help with that.", true],
    ['I cannot rewrite this text because of its content.', true],
    ['As an AI language model, I have no opinion.', true],
    ['Unfortunately, I am unable to provide a rewrite.', true],
    ['I cannot forget the summer of that year.', false],
    ['He was sorry that he could not come.', false],
    ['Sorry seems to be the hardest word.', false],
  ])('that refuses is seen: %s', (text, refuses) => {
    expect(isRefusal(text)).toBe(refuses);
  });

  it('is compared with its source', () => {
    const source = 'The quick brown fox jumps over the lazy sleeping dog near the river bank today';
    expect(compareTexts(source, source)).toMatchObject({ ratio: 1, copied: 1, overlap: 1, script: 0 });
    expect(compareTexts(source, 'Zebras juggle marmalade inside quantum elevators').overlap).toBe(0);
    expect(compareTexts(source, '\u0411\u044b\u0441\u0442\u0440\u0430\u044f \u043b\u0438\u0441\u0430').script).toBe(1);
    expect(compareTexts(source, '')).toEqual({ ratio: 0, copied: null, overlap: null, script: 0 });
  });
});

describe('styles', () => {
  it('all have a place for the text and a source, and a text is never a template', () => {
    for (const { prompt, source } of Object.values(STYLES)) {
      expect(prompt.split('{text}').length).toBe(2);
      expect(source.length).toBeGreaterThan(10);
    }
    expect(filled('a {text} b', '$& {text} $1')).toBe('a $& {text} $1 b');
    for (const names of Object.values(PRESETS)) for (const n of names) expect(Object.keys(STYLES)).toContain(n);
  });

  it('are named one by one, by presets, or are your own', () => {
    const endpoint = 'http://127.0.0.1:1/v1';
    const of = (more: object) => rephrase({ endpoint, model: 'm', ...more }).descriptor.options.styles;
    expect(of({})).toEqual(['medium']);
    expect(of({ styles: ['wrap', 'easy'] })).toEqual(['easy', 'medium', 'hard', 'qa']);
    expect(of({ styles: ['news'], ownStyles: { news: { prompt: 'As news: {text}' } } })).toEqual(['news']);
    expect(() => of({ styles: ['medum'] })).toThrow(/Did you mean medium\?/);
    expect(() => of({ ownStyles: { news: { prompt: 'no place' } } })).toThrow(/a prompt with \{text\} in it/);
    expect(rephrase().descriptor.options.styles).toEqual(['continue']);
  });
});

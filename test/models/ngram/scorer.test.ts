import { describe, expect, it } from 'vitest';
import { ngramWalk } from '../../../src/models/ngram/model.ts';
import { ngramScorer } from '../../../src/models/ngram/scorer.ts';
import { trainNgram } from '../../../src/models/ngram/train.ts';
import { BEGIN, END, FIRST } from '../../../src/models/ngram/vocabulary.ts';
import type { Scores } from '../../../src/models/scorers/scorer.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';
import { generator, prose } from '../../helpers/corpus.ts';

const random = generator(11);
/**
 * Lower-case words of ASCII with single white space between them, so that a word and the byte after it are all there
 * is.
 */
const plain = (words: number): string =>
  prose(random, words)
    .toLowerCase()
    .replace(/[^a-z\n]+/g, ' ')
    .replace(/ ?\n+ ?/g, '\n')
    .trim();
const training = Array.from({ length: 200 }, () => plain(40));
const texts = [
  ...Array.from({ length: 12 }, (_, i) => plain(30 * (i + 1))),
  `${plain(300)}\n${'qxv zzkj wqp '.repeat(60).trim()}\n${plain(200)}`,
  'short',
  `${plain(90)}${' '.repeat(700)}`,
];

/** Highest bits per byte by the definition, over a list of all tokens. */
function bruteForce(tokens: readonly { nll: number; bytes: number }[]): number {
  const pieces: { nll: number; bytes: number }[] = [];
  let open = { nll: 0, bytes: 0 };
  for (const { nll, bytes } of tokens) {
    open = { nll: open.nll + nll, bytes: open.bytes + bytes };
    if (open.bytes < 512) continue;
    pieces.push(open);
    open = { nll: 0, bytes: 0 };
  }
  if (open.bytes >= 128 || pieces.length === 0) pieces.push(open);
  else {
    const last = pieces[pieces.length - 1];
    pieces[pieces.length - 1] = { nll: last.nll + open.nll, bytes: last.bytes + open.bytes };
  }
  return Math.max(...pieces.map((p) => p.nll / Math.LN2 / p.bytes));
}

describe('an n-gram scorer', () => {
  it('over bytes finds the highest piece of the scores that make the sum', async () => {
    const model = await trainNgram(training, { split: 'bytes', order: 4, prune: [0] });
    const scores = ngramScorer(model, '').score(utf8Column(texts)) as Scores;
    const walk = ngramWalk(model.trie, BEGIN);
    for (const [i, text] of texts.entries()) {
      walk.begin();
      const tokens = [...Buffer.from(text)].map((b) => ({ nll: -walk.step(FIRST + b) * Math.LN10, bytes: 1 }));
      tokens.push({ nll: -walk.step(END) * Math.LN10, bytes: 0 });
      expect(scores.bitsPerByteMax[i]).toBeCloseTo(bruteForce(tokens), 10);
      expect(scores.nllSum[i]).toBeCloseTo(
        tokens.reduce((n, t) => n + t.nll, 0),
        7,
      );
    }
    const mean = (i: number) => scores.nllSum[i] / Math.LN2 / scores.bytes[i];
    // The one with a paragraph that nobody wrote; a short one is one piece.
    expect(scores.bitsPerByteMax[12]).toBeGreaterThan(1.5 * mean(12));
    expect(scores.bitsPerByteMax[13]).toBe(mean(13));
  });

  it.each(['words', 'whitespace'] as const)('over %s counts a word with the white space after it', async (split) => {
    const model = { ...(await trainNgram(training, { split: 'words', order: 3, prune: [0] })), split };
    const scores = ngramScorer(model, '').score(utf8Column(texts)) as Scores;
    const walk = ngramWalk(model.trie, BEGIN);
    for (const [i, text] of texts.entries()) {
      const tokens: { nll: number; bytes: number }[] = [];
      const lines = text.trimEnd().split('\n');
      for (const line of lines) {
        walk.begin();
        for (const word of line.trim().split(/ +/)) {
          const nll = -walk.step(model.vocabulary.findText(word)) * Math.LN10;
          tokens.push({ nll, bytes: word.length + 1 });
        }
        tokens.push({ nll: -walk.step(END) * Math.LN10, bytes: 0 });
      }
      // The last word ends with the text, or with the first of what follows it.
      const counted = tokens.reduce((n, t) => n + t.bytes, 0);
      tokens.push({ nll: 0, bytes: text.length - counted });
      expect(scores.tokens[i]).toBe(tokens.length - 1);
      expect(scores.bitsPerByteMax[i]).toBeCloseTo(bruteForce(tokens), 10);
    }
  });

  it('has no highest piece where it has no score', async () => {
    const model = await trainNgram(training, { split: 'words', order: 2, prune: [0] });
    const { bitsPerByteMax } = ngramScorer(model, '').score(
      utf8Column(['', ' -- \n', 'left out', 'a wheel']),
      Uint8Array.of(1, 1, 0, 1),
    ) as Scores;
    expect([...bitsPerByteMax].map(Number.isNaN)).toEqual([true, true, true, false]);
  });
});

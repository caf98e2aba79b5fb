import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { discountsOf } from '../../../src/models/ngram/estimate.ts';
import { type NgramModel, ngramWalk } from '../../../src/models/ngram/model.ts';
import { ngramScorer } from '../../../src/models/ngram/scorer.ts';
import { trainNgram } from '../../../src/models/ngram/train.ts';
import { BEGIN, FIRST } from '../../../src/models/ngram/vocabulary.ts';
import type { Scores } from '../../../src/models/scorers/scorer.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';
import { generator, prose } from '../../helpers/corpus.ts';
import { temporaryFolder } from './folders.ts';
import { referenceModel } from './reference.ts';

const random = generator(5);
/** Lower-case sentences without marks, so that a split at spaces gives the words. */
const LINES = Array.from({ length: 80 }, () =>
  prose(random, 3 + Math.floor(random() * 9))
    .toLowerCase()
    .replace(/[.\n ]+/g, ' ')
    .trim(),
);

/** A word for a number; digits would all be one word. */
const name = (i: number): string => i.toString(36).replace(/\d/g, (d) => 'ABCDEFGHIJ'[Number(d)].repeat(2));

/** Sum of the probabilities of all that may follow a context. */
function massAfter({ trie, vocabulary }: NgramModel, context: readonly number[]): number {
  let sum = 0;
  for (let word = 0; word < vocabulary.size; word++) {
    if (word === BEGIN) continue;
    const walk = ngramWalk(trie, BEGIN);
    walk.begin();
    for (const w of context) walk.step(w);
    sum += 10 ** walk.step(word);
  }
  return sum;
}

const perplexityOf = (model: NgramModel, text: string): number => {
  const { nllSum, tokens } = ngramScorer(model, '').score(utf8Column([text])) as Scores;
  return Math.exp(nllSum[0] / tokens[0]);
};

describe('trainNgram', () => {
  it.each([2, 3, 4, 5])('of order %i gives the probabilities of modified Kneser-Ney', async (order) => {
    const model = await trainNgram([LINES.join('\n')], { split: 'words', order, prune: [0] });
    const reference = referenceModel(
      LINES.map((l) => l.split(' ')),
      order,
    );
    expect(model.origin.discounts).toEqual(reference.discounts);
    expect(model.origin.sequences).toBe(80);
    expect(model.vocabulary.size).toBe(reference.vocabulary.length + 1);
    const walk = ngramWalk(model.trie, BEGIN);
    for (const line of [...LINES.slice(0, 15), 'the river that nobody saw', 'gate gate gate the the']) {
      walk.begin();
      const before = ['<s>'];
      for (const word of [...line.split(' '), '</s>']) {
        const known = model.vocabulary.findText(word) > 0 ? word : '<unk>';
        const want = Math.log10(reference.probability(before.slice(1 - order), known));
        expect(walk.step(model.vocabulary.findText(word))).toBeCloseTo(want, 5);
        before.push(known);
      }
    }
  });

  it('is the same model whether the counts fit the memory or not', async () => {
    const more = Array.from({ length: 4000 }, (_, i) => `${LINES[i % 80]} ${name(i % 977)} ${name(i % 1201)}`);
    const large = await trainNgram(more, { split: 'words', order: 4, prune: [0] });
    const folder = await temporaryFolder();
    const seen = new Set<string>();
    function* watched(): Generator<string> {
      for (const line of more) {
        yield line;
        for (const file of readdirSync(folder)) seen.add(file);
      }
    }
    const options = { split: 'words', order: 4, prune: [0], memoryBytes: 1 } as const;
    const small = await trainNgram(watched(), { ...options, scratch: folder });
    // What is written there has no name.
    expect([...seen]).toEqual([]);
    await expect(trainNgram(more, { ...options, scratch: `${folder}/none` })).rejects.toThrow('ENOENT');
    expect(small).toEqual(large);
  });

  it('spends a probability of one after every context, pruned or not', async () => {
    for (const prune of [[0], [0, 1, 2], [1, 1, 2]]) {
      const model = await trainNgram(LINES, { split: 'words', order: 3, prune });
      const the = model.vocabulary.findText('the');
      for (const context of [[], [the], [the, the], [the, 0, the], [7, 8], [9, the]])
        expect(massAfter(model, context)).toBeCloseTo(1, 5);
    }
    const bytes = await trainNgram(LINES, { split: 'bytes', order: 3, prune: [0] });
    for (const context of [[], [FIRST + 116], [FIRST + 116, FIRST + 104], [FIRST + 255]])
      expect(massAfter(bytes, context)).toBeCloseTo(1, 5);
  });

  it('gives the share of words that were left out to the unknown word', async () => {
    const lines = ['a a a b', 'a a c', 'a a a d'];
    const model = await trainNgram(lines, { split: 'words', order: 2, prune: [1, 1] });
    expect(['a', 'b', 'c', 'd'].map((w) => model.vocabulary.findText(w) > 0)).toEqual([true, false, false, false]);
    const walk = ngramWalk(model.trie, BEGIN);
    walk.forget();
    // Words before a: <s>, a. Before b, c, d: a. Before the end: b, c, d. So 3 of 8 are words left out; discounts fall
    // back to 1/2, 1, 3/2.
    expect(model.origin.discounts[0]).toEqual([0.5, 1, 1.5]);
    expect(10 ** walk.step(0)).toBeCloseTo(3 / 8 + (1 + 1.5) / 8 / 3, 6);
  });

  it('reads words as the statistics do, case folded, with zeros for digits', async () => {
    const model = await trainNgram(['The «MILL», in 1846 -- und ÉTÉ.\n\n ... \nЖёлтый №'], {
      split: 'words',
      order: 2,
      prune: [0],
    });
    const words = Array.from({ length: model.vocabulary.size - FIRST }, (_, i) => model.vocabulary.text(FIRST + i));
    expect(words).toEqual(['the', 'mill', 'in', '0000', 'und', 'été', 'жёлтый']);
    expect(model.origin.sequences).toBe(2);
    expect(model.origin.tokens).toBe(9);
  });

  it('knows text of its kind from noise, by words and by bytes', async () => {
    const text = Array.from({ length: 300 }, () => prose(random, 40));
    const [good, noise] = [prose(random, 40), 'qx vvk zzt 9931 {}[] qpwo eiru tyal skdj fhgz mxnc bv'];
    for (const split of ['words', 'bytes'] as const) {
      const model = await trainNgram(text, { split });
      expect(perplexityOf(model, good) * 5).toBeLessThan(perplexityOf(model, noise));
    }
  });

  it('takes no discount of 0, after which nothing could be backed off to', () => {
    // 6 n-grams once, 3 twice, 4 three times: 2 - 3 * 0.5 * 4 / 3 is 0.
    expect(discountsOf(Float64Array.of(0, 6, 3, 4, 1))).toEqual({ of: [0.5, 1, 1.5], fallback: true });
    expect(discountsOf(Float64Array.of(0, 6, 3, 3, 1))).toEqual({ of: [0.5, 0.5, 3 - 2 / 3], fallback: false });
  });

  it('refuses what makes no model', async () => {
    await expect(trainNgram([], {})).rejects.toThrow('expected text to train on, got none');
    await expect(trainNgram(['a'], { order: 7 })).rejects.toThrow('expected an order from 2 to 6, got 7');
    await expect(trainNgram(['a'], { prune: [1, 0] })).rejects.toThrow(
      'none less than the one before, got prune [1, 0]',
    );
  });
});

import { emptyScores, type Scorer, type Texts } from '../scorer.ts';
import { type NgramModel, ngramWalk } from './model.ts';
import { wordWalk } from './split.ts';
import { BEGIN, END, FIRST } from './vocabulary.ts';

/**
 * An n-gram model as a scorer. Tokens are those of the model's split and one end for each sequence (line or document), each predicted after
 * `<s>`; words that the model does not know count as `<unk>`. Documents without a token are `empty`.
 * @param hash of the file it was loaded from, or of what it was trained on.
 */
export function ngramScorer(model: NgramModel, hash: string): Scorer {
  const { trie, vocabulary, split, origin } = model;
  const walk = ngramWalk(trie, BEGIN);
  const words = split === 'bytes' ? null : wordWalk(split);
  let log10 = 0;
  let tokens = 0;
  let open = false;
  const add = (token: number): void => {
    if (!open) {
      walk.begin();
      open = true;
    }
    log10 += walk.step(token);
    tokens++;
  };
  const endLine = (): void => {
    add(END);
    open = false;
  };
  const sink = { word: (b: Uint8Array, from: number, to: number) => add(vocabulary.find(b, from, to)), endLine };
  const scoreOne = (values: Uint8Array, start: number, end: number): void => {
    log10 = tokens = 0;
    if (words) {
      words(values, start, end, sink);
      return;
    }
    if (start === end) return;
    walk.begin();
    let sum = 0;
    for (let i = start; i < end; i++) sum += walk.step(FIRST + values[i]);
    log10 = sum + walk.step(END);
    tokens = end - start + 1;
  };
  const { token, log10: probabilities, suffix, backoff, firstChild } = trie;
  const arrays = [token, probabilities, suffix, backoff, firstChild];
  return {
    name: origin.name,
    hash,
    memoryBytes: arrays.reduce((n, a) => n + a.byteLength, 0) + walk.memoryBytes + vocabulary.memoryBytes,
    score({ offsets, values }: Texts, wanted) {
      const scores = emptyScores(offsets.length - 1);
      for (let i = 0; i + 1 < offsets.length; i++) {
        if (wanted && wanted[i] === 0) continue;
        scoreOne(values, offsets[i], offsets[i + 1]);
        if (tokens === 0) {
          scores.reason[i] = 'empty';
          continue;
        }
        scores.nllSum[i] = -log10 * Math.LN10;
        scores.tokens[i] = tokens;
        scores.bytes[i] = offsets[i + 1] - offsets[i];
        if (Number.isFinite(log10)) continue;
        scores.reason[i] = 'not_finite';
        scores.nllSum[i] = Number.NaN;
        scores.tokens[i] = 0;
      }
      return scores;
    },
  };
}

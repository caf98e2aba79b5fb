import { PIECE_BYTES, pieceWalk } from '../scorers/pieces.ts';
import { bitsPerByteOf, emptyScores, type Scorer, type Texts } from '../scorers/scorer.ts';
import { type NgramModel, ngramWalk } from './model.ts';
import { wordWalk } from './split.ts';
import { BEGIN, END, FIRST } from './vocabulary.ts';

/**
 * An n-gram model as a scorer. Tokens are those of the model's split and one end for each sequence (line or document),
 * each predicted after `<s>`; words that the model does not know count as `<unk>`. Documents without a token are
 * `empty`. Bytes of a token, for the pieces of a document: a byte 1; a word all bytes since the word before, with the
 * white space after it; an end 0. What follows the last word counts at the end of the document.
 * @param hash of the file it was loaded from, or of what it was trained on.
 */
export function ngramScorer(model: NgramModel, hash: string): Scorer {
  const { trie, vocabulary, split, origin } = model;
  const walk = ngramWalk(trie, BEGIN);
  const words = split === 'bytes' ? null : wordWalk(split);
  /**
   * log10 probability of the document and of its open piece; an array, since numbers of closures are allocated anew
   * each time.
   */
  const log10 = new Float64Array(2);
  let tokens = 0;
  let open = false;
  const pieces = pieceWalk();
  /** Where the open piece begins in the text. */
  let pieceFrom = 0;
  const closePiece = (to: number): void => {
    pieces.add(log10[1] * -Math.LN10, to - pieceFrom);
    pieceFrom = to;
    log10[1] = 0;
  };
  const add = (token: number): void => {
    if (!open) {
      walk.begin();
      open = true;
    }
    const found = walk.step(token);
    log10[0] += found;
    log10[1] += found;
    tokens++;
  };
  const endLine = (): void => {
    add(END);
    open = false;
  };
  const word = (b: Uint8Array, from: number, to: number, readTo: number): void => {
    add(vocabulary.find(b, from, to));
    if (readTo - pieceFrom >= PIECE_BYTES) closePiece(readTo);
  };
  const sink = { word, endLine };
  const scoreOne = (values: Uint8Array, start: number, end: number): void => {
    log10.fill(0);
    tokens = 0;
    pieceFrom = start;
    pieces.begin();
    if (words) {
      words(values, start, end, sink);
      closePiece(end);
      return;
    }
    if (start === end) return;
    walk.begin();
    let document = 0;
    for (let from = start; from < end; from += PIECE_BYTES) {
      const to = Math.min(end, from + PIECE_BYTES);
      let piece = 0;
      for (let i = from; i < to; i++) {
        const found = walk.step(FIRST + values[i]);
        document += found;
        piece += found;
      }
      log10[1] = piece;
      closePiece(to);
    }
    log10[1] = walk.step(END);
    log10[0] = document + log10[1];
    closePiece(end);
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
        scores.nllSum[i] = -log10[0] * Math.LN10;
        scores.tokens[i] = tokens;
        scores.bytes[i] = offsets[i + 1] - offsets[i];
        scores.bitsPerByteMax[i] = pieces.end() ?? bitsPerByteOf(scores.nllSum[i], scores.bytes[i]);
        if (Number.isFinite(log10[0])) continue;
        scores.reason[i] = 'not_finite';
        scores.nllSum[i] = scores.bitsPerByteMax[i] = Number.NaN;
        scores.tokens[i] = 0;
      }
      return scores;
    },
  };
}

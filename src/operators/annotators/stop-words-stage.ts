import { int32Column, stringAt } from '../../streams/batch/columns.ts';
import type { AnnotatorFactory } from '../annotator-stage.ts';
import { splitSpace } from './profiles/python-text.ts';
import { punctuatedParts } from './profiles/splits.ts';

/** So much of a text is split into words at first: most have enough stop words in it. */
const BEGINNING = 1000;

/** Computes the column of `stopWords()`. */
export const annotator: AnnotatorFactory = (options) => {
  const { column, enough, unspaced } = options as { column: string; enough: number; unspaced: readonly string[] };
  const lists = new Map(
    Object.entries(options.lists as Readonly<Record<string, readonly string[]>>).map(([k, v]) => [k, new Set(v)]),
  );
  return (batch, scope) => {
    const languages = batch.utf8(column);
    const counts = new Float64Array(batch.rows).fill(Number.NaN);
    for (let row = 0; row < batch.rows; row++) {
      const language = scope[row] === 1 ? stringAt(languages, row) : null;
      const words = language === null ? undefined : lists.get(language);
      if (words === undefined) continue;
      const found = unspaced.includes(language!) ? anywhere : asWords;
      counts[row] = found(batch.text(row), words, enough);
    }
    return [['stop_words', int32Column(counts)]];
  };
};

function anywhere(text: string, words: ReadonlySet<string>, enough: number): number {
  let n = 0;
  for (const word of words) if (text.includes(word) && ++n === enough) break;
  return n;
}

function asWords(text: string, words: ReadonlySet<string>, enough: number): number {
  const found = new Set<string>();
  // A word that the end of the beginning cuts is seen whole in the second round.
  for (const part of text.length > BEGINNING ? [text.slice(0, BEGINNING), text] : [text]) {
    const tokens = splitSpace(part);
    const whole = part.length < text.length ? tokens.slice(0, -1) : tokens;
    for (const token of whole)
      for (const word of punctuatedParts(token)) if (words.has(word) && found.add(word).size === enough) return enough;
  }
  return found.size;
}

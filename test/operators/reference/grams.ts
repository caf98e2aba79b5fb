import { lengthOf } from './python-text.ts';

/** The n-grams of a list of words as slices of one string, so that none is ever joined by itself. */
export interface Grams {
  /** Number of n-grams. */
  count(n: number): number;
  /** The n-gram that starts at word i, its words joined. */
  at(i: number, n: number): string;
  /** Its code points, joiners included. */
  lengthAt(i: number, n: number): number;
}

/** @param joiner what stands between two words: '' or one space */
export function gramsOf(words: readonly string[], joiner: '' | ' '): Grams {
  const text = words.join(joiner);
  const start = new Int32Array(words.length + 1);
  const points = new Int32Array(words.length + 1);
  for (let i = 0; i < words.length; i++) {
    start[i + 1] = start[i] + words[i].length + joiner.length;
    points[i + 1] = points[i] + lengthOf(words[i]) + joiner.length;
  }
  return {
    count: (n) => Math.max(0, words.length - n + 1),
    at: (i, n) => text.slice(start[i], start[i + n] - joiner.length),
    lengthAt: (i, n) => points[i + n] - points[i] - joiner.length,
  };
}

import { KeyNumbers, withRoom } from '../tables/key-numbers.ts';

/** Whether stretch a (a document, start and end) is the same as stretch b. */
export type Compare = (a: number, aStart: number, aEnd: number, b: number, bStart: number, bEnd: number) => boolean;

const ROOM = 128;

/** The first of equal windows of some stretches, by their hashes; grows as it fills. */
export class SeenWindows {
  #compare: Compare | undefined;
  #numbers = new KeyNumbers(4, ROOM);
  #places = new Uint32Array(ROOM * 3);

  constructor(compare: Compare | undefined) {
    this.#compare = compare;
  }

  /** Number of the window with the hash in words `at` to `at + 4` when it came before, else -1. */
  find(words: Uint32Array, at: number, document: number, start: number, end: number): number {
    const [known, places, compare] = [this.#numbers.count, this.#places, this.#compare];
    const same =
      compare && ((n: number) => compare(places[3 * n], places[3 * n + 1], places[3 * n + 2], document, start, end));
    const n = this.#numbers.number(words, at, same);
    if (n < known) return n;
    this.#places = withRoom(places, 3 * known + 3);
    this.#places[3 * known] = document;
    this.#places[3 * known + 1] = start;
    this.#places[3 * known + 2] = end;
    return -1;
  }

  document(n: number): number {
    return this.#places[3 * n];
  }

  start(n: number): number {
    return this.#places[3 * n + 1];
  }

  end(n: number): number {
    return this.#places[3 * n + 2];
  }
}

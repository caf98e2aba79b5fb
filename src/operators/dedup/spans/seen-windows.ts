import { HashNumbers } from './span-records.ts';

/** Whether stretch a (a document, start and end) is the same as stretch b. */
export type Compare = (a: number, aStart: number, aEnd: number, b: number, bStart: number, bEnd: number) => boolean;

/** The first of equal windows of some stretches, by their hashes; grows as it fills. */
export class SeenWindows {
  #compare: Compare | undefined;
  #room = 128;
  #numbers = new HashNumbers(this.#room);
  #hashes = new Uint32Array(this.#room * 4);
  #places = new Uint32Array(this.#room * 3);

  constructor(compare: Compare | undefined) {
    this.#compare = compare;
  }

  /** Number of the window with the hash in words `at` to `at + 4` when it came before, else -1. */
  find(words: Uint32Array, at: number, document: number, start: number, end: number): number {
    if (this.#numbers.count === this.#room) this.#grow();
    const [known, places, compare] = [this.#numbers.count, this.#places, this.#compare];
    const same =
      compare && ((n: number) => compare(places[3 * n], places[3 * n + 1], places[3 * n + 2], document, start, end));
    const n = this.#numbers.number(words, at, same);
    if (n < known) return n;
    for (let w = 0; w < 4; w++) this.#hashes[known * 4 + w] = words[at + w];
    places[3 * known] = document;
    places[3 * known + 1] = start;
    places[3 * known + 2] = end;
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

  #grow(): void {
    const [hashes, places] = [this.#hashes, this.#places];
    this.#room *= 2;
    this.#numbers = new HashNumbers(this.#room);
    this.#hashes = new Uint32Array(this.#room * 4);
    this.#hashes.set(hashes);
    this.#places = new Uint32Array(this.#room * 3);
    this.#places.set(places);
    // All of them are different, also those of equal hash.
    for (let at = 0; at < hashes.length; at += 4) this.#numbers.number(hashes, at, () => false);
  }
}

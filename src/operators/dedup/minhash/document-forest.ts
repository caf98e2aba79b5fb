import { KeyNumbers } from '../tables/key-numbers.ts';
import { Components } from './components.ts';

/** Of a document that was joined, at most, while the tables grow. */
export const FOREST_BYTES = 56;

/**
 * Union-find over some documents of very many, each named by two words. Memory: about 30 bytes for each that was joined
 * with another.
 */
export class DocumentForest {
  #numbers = new KeyNumbers(2, 1024);
  #components = new Components(0);

  /** @param words two of each document @param a where those of one begin @param b those of the other */
  join(words: Uint32Array, a: number, b: number): void {
    this.#components.join(this.#numberOf(words, a), this.#numberOf(words, b));
  }

  /** Documents that were joined. */
  get count(): number {
    return this.#numbers.count;
  }

  /** Words of all of them, two each, in the order in which they came; a view, until the next is joined. */
  words(): Uint32Array {
    return this.#numbers.keys();
  }

  /** Number of the first document that came of its component. */
  component(document: number): number {
    return this.#components.root(document);
  }

  #numberOf(words: Uint32Array, at: number): number {
    const known = this.#numbers.count;
    const n = this.#numbers.number(words, at);
    if (n === known) this.#components.add(n);
    return n;
  }
}

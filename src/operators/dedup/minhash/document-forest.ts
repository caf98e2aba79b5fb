import { KeyNumbers, withRoom } from '../tables/key-numbers.ts';

/**
 * Union-find over some documents of very many, each named by two words. Memory: about 30 bytes for each that was joined
 * with another.
 */
export class DocumentForest {
  #numbers = new KeyNumbers(2, 1024);
  #parent = new Int32Array(1024);

  /** @param words two of each document @param a where those of one begin @param b those of the other */
  join(words: Uint32Array, a: number, b: number): void {
    const [x, y] = [this.#root(this.#numberOf(words, a)), this.#root(this.#numberOf(words, b))];
    if (x < y) this.#parent[y] = x;
    else this.#parent[x] = y;
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
    return this.#root(document);
  }

  #numberOf(words: Uint32Array, at: number): number {
    const known = this.#numbers.count;
    const n = this.#numbers.number(words, at);
    if (n === known) {
      this.#parent = withRoom(this.#parent, n + 1);
      this.#parent[n] = n;
    }
    return n;
  }

  #root(document: number): number {
    const parent = this.#parent;
    let d = document;
    while (parent[d] !== d) {
      parent[d] = parent[parent[d]];
      d = parent[d];
    }
    return d;
  }
}

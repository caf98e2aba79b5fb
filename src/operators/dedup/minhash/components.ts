import { withRoom } from '../tables/key-numbers.ts';

/** Union-find over document numbers; the root of a component is its first document. 4 bytes a document. */
export class Components {
  #parent: Int32Array;

  /** @param documents that are there from the start */
  constructor(documents: number) {
    this.#parent = new Int32Array(documents);
    for (let d = 0; d < documents; d++) this.#parent[d] = d;
  }

  /** One more, with the next number. */
  add(document: number): void {
    this.#parent = withRoom(this.#parent, document + 1);
    this.#parent[document] = document;
  }

  root(document: number): number {
    const parent = this.#parent;
    let d = document;
    while (parent[d] !== d) {
      parent[d] = parent[parent[d]];
      d = parent[d];
    }
    return d;
  }

  join(a: number, b: number): void {
    const [x, y] = [this.root(a), this.root(b)];
    if (x < y) this.#parent[y] = x;
    else this.#parent[x] = y;
  }
}

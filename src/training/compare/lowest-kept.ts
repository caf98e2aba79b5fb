/**
 * The items with the lowest places, until they have so many bytes: a random part of a stream whose places are random,
 * whatever its order. Memory: about twice the bytes asked for.
 */
export class LowestKept<T> {
  readonly #bytes: number;
  #kept: { readonly place: number; readonly size: number; readonly item: T }[] = [];
  #held = 0;
  /** Nothing from here on can be among the lowest. */
  #limit = Number.POSITIVE_INFINITY;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Whether an item at this place may still be among them: others need not be copied. */
  takes(place: number): boolean {
    return place < this.#limit;
  }

  add(place: number, size: number, item: T): void {
    this.#kept.push({ place, size, item });
    this.#held += size;
    if (this.#held > 2 * this.#bytes) this.#cut();
  }

  /** In the order of their places; the last one reaches over the bytes. */
  items(): T[] {
    this.#cut();
    return this.#kept.map((k) => k.item);
  }

  #cut(): void {
    this.#kept.sort((a, b) => a.place - b.place);
    let [n, held] = [0, 0];
    while (n < this.#kept.length && held < this.#bytes) held += this.#kept[n++].size;
    if (held >= this.#bytes) this.#limit = n > 0 ? this.#kept[n - 1].place : 0;
    this.#kept.length = n;
    this.#held = held;
  }
}

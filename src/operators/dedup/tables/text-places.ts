/** Bytes between two places of a file that are rather fetched than asked for apart. */
const FETCHED_OVER = 64 * 1024;
/** Of a place: itself, as much again while they are sorted, and what whoever fetches it makes of it. */
const BYTES_PER_PLACE = 120;
/** Fewer are held in any case. */
const LEAST = 1024;

/**
 * Where texts lie that a decision will read, in the spill of each split. Held within `memoryBytes`: when there are too
 * many, neighbours become one, at first those that would be fetched together anyway, then such with more between them.
 * So little memory costs bytes that are fetched to the disk and not read, never a text that is missing.
 */
export class TextPlaces {
  #most: number;
  #gap = FETCHED_OVER;
  #count = 0;
  #splits: { places: Float64Array; count: number }[];

  /** @param splits their number */
  constructor(splits: number, memoryBytes: number) {
    this.#most = Math.max(LEAST, Math.floor(memoryBytes / BYTES_PER_PLACE));
    this.#splits = Array.from({ length: splits }, () => ({ places: new Float64Array(16), count: 0 }));
  }

  add(split: number, from: number, to: number): void {
    const own = this.#splits[split];
    const last = 2 * (own.count - 1);
    // Most come in the order of the file.
    if (own.count > 0 && from >= own.places[last] && from <= own.places[last + 1] + this.#gap) {
      if (to > own.places[last + 1]) own.places[last + 1] = to;
      return;
    }
    if (2 * own.count === own.places.length) {
      const grown = new Float64Array(2 * own.places.length);
      grown.set(own.places);
      own.places = grown;
    }
    own.places[2 * own.count] = from;
    own.places[2 * own.count + 1] = to;
    own.count++;
    if (++this.#count > this.#most) this.#fewer();
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#splits.reduce((n, { places }) => n + places.byteLength, 0);
  }

  /** Of each split: numbers in pairs, from and to, ascending. */
  all(): Float64Array[] {
    for (const own of this.#splits) this.#merge(own);
    return this.#splits.map(({ places, count }) => places.slice(0, 2 * count));
  }

  /** Half as many, so that it is not done again at once. */
  #fewer(): void {
    for (; ; this.#gap *= 2) {
      for (const own of this.#splits) this.#merge(own);
      this.#count = this.#splits.reduce((n, s) => n + s.count, 0);
      if (this.#count <= Math.max(this.#most / 2, this.#splits.length)) return;
    }
  }

  #merge(own: { places: Float64Array; count: number }): void {
    const { places, count } = own;
    if (count < 2) return;
    const order = Uint32Array.from({ length: count }, (_, k) => 2 * k).sort((a, b) => places[a] - places[b]);
    const merged = new Float64Array(2 * count);
    let to = -2;
    for (const k of order)
      if (to >= 0 && places[k] <= merged[to + 1] + this.#gap) merged[to + 1] = Math.max(merged[to + 1], places[k + 1]);
      else {
        to += 2;
        merged[to] = places[k];
        merged[to + 1] = places[k + 1];
      }
    own.count = to / 2 + 1;
    own.places = merged.slice(0, Math.max(16, 2 * own.count));
  }
}

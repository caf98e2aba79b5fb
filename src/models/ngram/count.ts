import { InputError } from '../../errors.ts';
import type { Scratch } from '../../files/scratch.ts';
import { compareRows, RowSorter } from './sorted-rows.ts';
import { BEGIN, UNKNOWN } from './vocabulary.ts';

/** Stands before `<s>`; the unknown word never occurs in training. */
const BEFORE = UNKNOWN;
const LARGEST_COUNT = 0x7fffffff;

/**
 * Counts n-grams of the highest order. A row is the words of an n-gram from the last to the first, then how often it
 * occurred, so that sorted rows have all n-grams of one ending side by side.
 */
export class NgramCounter {
  readonly order: number;
  #sorter: RowSorter;
  #rows: Int32Array;
  #slots: Int32Array;
  #count = 0;
  #most: number;
  #window: Int32Array;

  constructor(order: number, memoryBytes: number, scratch: Scratch) {
    this.order = order;
    const width = order + 1;
    // Rows, at most four slots a row while the table grows, and room to sort.
    this.#most = Math.max(1 << 12, Math.floor(memoryBytes / (8 * width + 24)));
    this.#sorter = new RowSorter({ keys: order, width }, 0, scratch);
    this.#rows = new Int32Array(width << 12);
    this.#slots = new Int32Array(1 << 13).fill(-1);
    this.#window = new Int32Array(order);
  }

  /** Pieces that went to disk because they did not fit the memory. */
  get spills(): number {
    return this.#sorter.runs;
  }

  begin(): void {
    this.#window.fill(BEFORE);
    this.#window[0] = BEGIN;
  }

  /** Adds the n-gram that ends with this token. */
  add(token: number): void {
    const { order } = this;
    const window = this.#window;
    for (let k = order - 1; k > 0; k--) window[k] = window[k - 1];
    window[0] = token;
    const width = order + 1;
    const mask = this.#slots.length - 1;
    let hash = 0;
    for (let k = 0; k < order; k++) hash = Math.imul(hash ^ window[k], 0x9e3779b1) ^ (hash >>> 15);
    hash ^= hash >>> 16;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot];
      if (row < 0) {
        this.#slots[slot] = this.#count;
        break;
      }
      const at = row * width;
      let k = 0;
      while (k < order && this.#rows[at + k] === window[k]) k++;
      if (k < order) continue;
      this.#rows[at + order] = sum(this.#rows[at + order], 1);
      return;
    }
    const at = this.#count++ * width;
    this.#rows.set(window, at);
    this.#rows[at + order] = 1;
    if (this.#count === this.#most) this.#spill();
    else if (this.#count * width === this.#rows.length) this.#grow(width);
  }

  #spill(): void {
    this.#sorter.spill(this.#rows, this.#count);
    this.#count = 0;
    this.#slots.fill(-1);
  }

  #grow(width: number): void {
    const rows = new Int32Array(Math.min(2 * this.#rows.length, this.#most * width));
    rows.set(this.#rows);
    this.#rows = rows;
    if (4 * this.#count <= 3 * (this.#slots.length >> 1)) return;
    this.#slots = new Int32Array(2 * this.#slots.length).fill(-1);
    const mask = this.#slots.length - 1;
    for (let row = 0; row < this.#count; row++) {
      let hash = 0;
      for (let k = 0; k < this.order; k++) hash = Math.imul(hash ^ rows[row * width + k], 0x9e3779b1) ^ (hash >>> 15);
      hash ^= hash >>> 16;
      let slot = hash & mask;
      while (this.#slots[slot] >= 0) slot = (slot + 1) & mask;
      this.#slots[slot] = row;
    }
  }

  /** All n-grams, each once, in order of their rows. */
  *counted(): Generator<Int32Array> {
    this.#sorter.keep(this.#rows, this.#count);
    this.#slots = new Int32Array(0);
    const { order } = this;
    let current: Int32Array | null = null;
    for (const row of this.#sorter.sorted()) {
      if (current && compareRows(current, row, order) === 0) {
        current[order] = sum(current[order], row[order]);
        continue;
      }
      if (current) yield current;
      current = row.slice();
    }
    if (current) yield current;
  }
}

function sum(a: number, b: number): number {
  if (a + b <= LARGEST_COUNT) return a + b;
  throw new InputError({
    expected: `an n-gram that occurs at most ${LARGEST_COUNT} times`,
    got: 'one that occurs more often',
    fix: 'Train on less text.',
  });
}

/** How many n-grams of an order have the adjusted count 1, 2, 3, 4. */
export type CountsOfCounts = Float64Array;

/** An n-gram of every order, with the count that is its own and the count that Kneser-Ney takes. */
export interface AdjustedCounts {
  /** One for each order, from 1: rows of the words from first to last, occurrences, adjusted count. */
  readonly orders: readonly RowSorter[];
  readonly countsOfCounts: readonly CountsOfCounts[];
  /** N-grams of each order that occur more often than `prune` says. */
  readonly kept: readonly number[];
}

/**
 * Counts of all orders from those of the highest. The adjusted count of a shorter n-gram is the number of different
 * words before it, or its occurrences where it begins a sequence and nothing can stand before it.
 */
export function adjustCounts(
  counted: Iterable<Int32Array>,
  prune: readonly number[],
  memoryBytes: number,
  scratch: Scratch,
): AdjustedCounts {
  const order = prune.length;
  const kept = prune.map(() => 0);
  const orders = Array.from(
    { length: order },
    (_, i) => new RowSorter({ keys: i + 1, width: i + 3 }, memoryBytes / order, scratch),
  );
  const countsOfCounts = orders.map(() => new Float64Array(5));
  const occurrences = new Float64Array(order + 1);
  const before = new Float64Array(order + 1);
  const out = new Int32Array(order + 2);
  let last: Int32Array | null = null;
  /** The n-gram of length n that the last row ends with is complete. */
  const finish = (row: Int32Array, n: number): void => {
    if (row[n - 1] === BEFORE) return;
    const starts = row[n - 1] === BEGIN;
    if (n === 1 && starts) return;
    for (let k = 0; k < n; k++) out[k] = row[n - 1 - k];
    const adjusted = n === order || starts ? occurrences[n] : before[n];
    out[n] = sum(occurrences[n], 0);
    out[n + 1] = adjusted;
    orders[n - 1].push(out);
    if (occurrences[n] > prune[n - 1]) kept[n - 1]++;
    if (adjusted <= 4) countsOfCounts[n - 1][adjusted]++;
  };
  for (const row of counted) {
    let same = 0;
    if (last) while (same < order && last[same] === row[same]) same++;
    if (last) for (let n = same + 1; n <= order; n++) finish(last, n);
    for (let n = same + 1; n <= order; n++) occurrences[n] = before[n] = 0;
    for (let n = 1; n <= order; n++) occurrences[n] += row[order];
    for (let n = Math.max(1, same); n < order; n++) before[n]++;
    last = row;
  }
  if (last) for (let n = 1; n <= order; n++) finish(last, n);
  return { orders, countsOfCounts, kept };
}

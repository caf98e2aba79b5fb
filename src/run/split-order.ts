import { type Counters, emptyCounters, mergeCounters } from '../streams/commits/counters.ts';

/**
 * Totals of the splits of one phase that are committed without a gap from the first on. Splits complete in any order;
 * the totals grow in split order, so what is judged on them is the same with any number of workers and after any
 * interruption.
 */
export class SplitOrder {
  #order: readonly number[];
  #earlier: (split: number) => readonly Counters[];
  #waiting = new Map<number, Counters>();
  #at = 0;
  readonly totals = emptyCounters();

  /** @param earlier counters that a split left in the phases before this one */
  constructor(order: readonly number[], earlier: (split: number) => readonly Counters[]) {
    this.#order = order;
    this.#earlier = earlier;
  }

  /** Yields each split by which the totals have grown; they are its totals only until the next is asked for. */
  *add(split: number, counters: Counters): Generator<number> {
    this.#waiting.set(split, counters);
    for (; this.#at < this.#order.length; this.#at++) {
      const next = this.#order[this.#at];
      const own = this.#waiting.get(next);
      if (own === undefined) return;
      this.#waiting.delete(next);
      for (const c of [...this.#earlier(next), own]) mergeCounters(this.totals, c);
      yield next;
    }
  }
}

import { type Counters, emptyCounters, mergeCounters } from '../streams/commits/counters.ts';

/**
 * Totals of the splits of one phase that are committed without a gap from the first on. Splits complete in any order;
 * the totals grow in split order, so what is judged on them is the same with any number of workers and after any
 * interruption.
 */
export class SplitOrder {
  #order: readonly number[];
  #countersOf: (split: number) => Iterable<Counters> | null;
  #at = 0;
  readonly totals = emptyCounters();

  /** @param countersOf what a split has counted up to and in this phase; null before it is committed there */
  constructor(order: readonly number[], countersOf: (split: number) => Iterable<Counters> | null) {
    this.#order = order;
    this.#countersOf = countersOf;
  }

  /** Yields each split by which the totals have grown; they are its totals only until the next is asked for. */
  *advance(): Generator<number> {
    for (; this.#at < this.#order.length; this.#at++) {
      const next = this.#order[this.#at];
      const counters = this.#countersOf(next);
      if (counters === null) return;
      for (const c of counters) mergeCounters(this.totals, c);
      yield next;
    }
  }
}

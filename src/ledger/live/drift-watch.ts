import type { DropWindow } from '../../streams/commits/windows.ts';
import { type Alert, Drifts } from './alerts.ts';

/** The windows of one split, as a `split` record tells them. */
export interface SplitWindows {
  readonly phase: number;
  readonly split: number;
  readonly windows: readonly DropWindow[];
}

/** Splits that come out of order are waited for until so many behind them are there. */
const OPEN_SPLITS = 32;

interface PhaseWatch {
  /** Of the splits before `next`, which are looked at once and forgotten. */
  settled: Drifts;
  /** All before it are settled, or were not there when their turn came. */
  next: number;
  readonly open: Map<number, readonly DropWindow[]>;
}

/**
 * The alerts of a run in work. They are those of `alertsOf` over all splits that have come, in the order of the input,
 * but each window is looked at about once, and is not kept: a run of a hundred thousand splits takes no more time for
 * the last of them than for the first.
 */
export class DriftWatch {
  #again: () => Iterable<SplitWindows>;
  #phases: PhaseWatch[] = [];
  #made: readonly Alert[] | null = [];

  /** @param again tells all splits from the first on, for one that comes after those behind it were settled */
  constructor(again: () => Iterable<SplitWindows>) {
    this.#again = again;
  }

  add(one: SplitWindows): void {
    this.#made = null;
    if (!this.#isLate(one)) this.#put(one);
    else {
      // Done again after a failure, by a run that works on some splits only: the last that is told of a split counts.
      const all = new Map<string, SplitWindows>();
      for (const s of [...this.#again(), one]) all.set(`${s.phase}/${s.split}`, s);
      this.#phases = [];
      for (const s of [...all.values()].sort((a, b) => a.phase - b.phase || a.split - b.split)) this.#put(s);
    }
  }

  get alerts(): readonly Alert[] {
    this.#made ??= this.#phases.flatMap(({ settled, open }) => {
      if (open.size === 0) return settled.alerts;
      const drifts = settled.fork();
      for (const split of [...open.keys()].sort((a, b) => a - b)) for (const w of open.get(split)!) drifts.take(w);
      return drifts.alerts;
    });
    return this.#made;
  }

  #isLate({ phase, split }: SplitWindows): boolean {
    const watch = this.#phases[phase];
    return watch !== undefined && split < watch.next;
  }

  #put({ phase, split, windows }: SplitWindows): void {
    while (this.#phases.length <= phase) {
      this.#phases.push({ settled: new Drifts(this.#phases.length), next: 0, open: new Map() });
    }
    const watch = this.#phases[phase];
    watch.open.set(split, windows);
    while (watch.open.has(watch.next) || watch.open.size > OPEN_SPLITS) {
      const first = watch.open.has(watch.next) ? watch.next : Math.min(...watch.open.keys());
      for (const w of watch.open.get(first)!) watch.settled.take(w);
      watch.open.delete(first);
      watch.next = first + 1;
    }
  }
}

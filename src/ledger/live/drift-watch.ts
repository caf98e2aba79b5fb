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

/** All splits are read again for late ones after so many records more, as a share of those that were read before. */
const REREAD_SHARE = 1 / 16;

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
 * the last of them than for the first. A split that comes late, after those behind it were settled, may be missing for
 * a while: reading all again for each of them would take the square of the time.
 */
export class DriftWatch {
  #again: () => Iterable<SplitWindows>;
  #phases: PhaseWatch[] = [];
  #made: readonly Alert[] | null = [];
  /** The last split that came late since all were read; the others have got into what `#again` tells by now. */
  #late: SplitWindows | null = null;
  /** Records that came since all were read, and those that were read then. */
  #since = 0;
  #read = 0;

  /** @param again tells all splits from the first on, at the least those of all calls of `add` before the last one */
  constructor(again: () => Iterable<SplitWindows>) {
    this.#again = again;
  }

  /** Begins with the splits of earlier starts, in any order; the last that is told of a split counts. */
  load(all: Iterable<SplitWindows>): void {
    const last = new Map<string, SplitWindows>();
    let read = 0;
    for (const s of all) {
      last.set(`${s.phase}/${s.split}`, s);
      read++;
    }
    this.#phases = [];
    this.#made = null;
    this.#late = null;
    this.#since = 0;
    this.#read = read;
    for (const s of [...last.values()].sort((a, b) => a.phase - b.phase || a.split - b.split)) this.#put(s);
  }

  add(one: SplitWindows): void {
    this.#since++;
    if (this.#isLate(one)) {
      // Done again after a failure, or by a run that works on some splits only.
      this.#late = one;
      return;
    }
    this.#made = null;
    this.#put(one);
  }

  /** Are there late splits that `alerts` does not have yet? */
  get isBehind(): boolean {
    return this.#late !== null;
  }

  /** Takes in the splits that came late, at the end of a run. */
  settle(): void {
    if (this.#late !== null) this.load([...this.#again(), this.#late]);
  }

  get alerts(): readonly Alert[] {
    if (this.#since >= this.#read * REREAD_SHARE) this.settle();
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

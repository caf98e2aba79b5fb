import type { AskerStatus } from '../../models/generators/asker.ts';
import type { DropWindow } from '../../streams/commits/windows.ts';
import type { SplitWindows } from './drift-watch.ts';
import type { EndedHow, RunRecord, SampleRecord } from './records.ts';

/** The time of one phase. */
export interface PhaseTime {
  /** Seconds during which threads could work on it. */
  wall: number;
  /** `wall` times the threads of each start. */
  threadSeconds: number;
  /** Milliseconds at each place, as in a `split` record. */
  readonly times: number[];
}

/** Adds up the records of events.jsonl, those of earlier starts and of the one in work. */
export class TimeBook {
  readonly phases: PhaseTime[] = [];
  /** Barrier -> seconds that it took to decide. */
  readonly decided = new Map<string, number>();
  /** Seconds of loading code, of planning and of joining, of all starts. */
  readonly around = { load: 0, plan: 0, join: 0 };
  /** Where each step with a generator stood last. */
  readonly generators = new Map<string, AskerStatus>();
  /** Of the last record. */
  t = 0;
  threads = 0;
  /** Seconds of work before the start in work. */
  startedT = 0;
  sample: SampleRecord | null = null;
  ended: EndedHow | null = null;
  #open: { readonly phase: number; readonly since: number } | null = null;
  #windows = new Map<string, SplitWindows>();
  #tell: ((one: SplitWindows) => void) | null;

  /** @param tell takes the windows of each split; they are not kept here then. Default: `windows()` has them */
  constructor(tell: ((one: SplitWindows) => void) | null = null) {
    this.#tell = tell;
  }

  take(line: RunRecord): void {
    (takers[line.record] as ((book: TimeBook, line: never) => void) | undefined)?.(this, line as never);
    this.t = line.t;
  }

  /** The phase in work; null between phases and at the end. */
  get phase(): number | null {
    return this.#open?.phase ?? null;
  }

  openPhase(phase: number, since: number): void {
    this.close(since);
    this.#open = { phase, since };
    this.ofPhase(phase);
  }

  close(t: number): void {
    if (this.#open === null) return;
    const phase = this.ofPhase(this.#open.phase);
    const seconds = Math.max(0, t - this.#open.since);
    phase.wall += seconds;
    phase.threadSeconds += seconds * this.threads;
    this.#open = null;
  }

  split(phase: number, split: number, times: readonly number[], windows: readonly DropWindow[]): void {
    const sums = this.ofPhase(phase).times;
    times.forEach((ms, i) => {
      sums[i] = (sums[i] ?? 0) + ms;
    });
    if (this.#tell) this.#tell({ phase, split, windows });
    else this.#windows.set(`${phase}/${split}`, { phase, split, windows });
  }

  /**
   * Phases as they stand at a moment, with what splits in work have taken until then.
   * @param now seconds of work; @param working milliseconds at each place of the phase in work
   */
  at(now: number, working: readonly number[]): PhaseTime[] {
    return this.phases.map((p, i) => {
      if (this.#open?.phase !== i) return p;
      const seconds = Math.max(0, now - this.#open.since);
      const places = Math.max(p.times.length, working.length);
      return {
        wall: p.wall + seconds,
        threadSeconds: p.threadSeconds + seconds * this.threads,
        times: Array.from({ length: places }, (_, k) => (p.times[k] ?? 0) + (working[k] ?? 0)),
      };
    });
  }

  /** In the order of the input, phase after phase; of the splits committed. */
  windows(isCommitted: (phase: number, split: number) => boolean): DropWindow[][] {
    const phases: DropWindow[][] = [];
    const all = [...this.#windows.values()].sort((a, b) => a.phase - b.phase || a.split - b.split);
    for (const { phase, split, windows } of all) {
      if (!isCommitted(phase, split)) continue;
      phases[phase] ??= [];
      phases[phase].push(...windows);
    }
    return phases.filter(Boolean);
  }

  ofPhase(phase: number): PhaseTime {
    while (this.phases.length <= phase) this.phases.push({ wall: 0, threadSeconds: 0, times: [] });
    return this.phases[phase];
  }
}

/** The time between two moments. */
export const timeSince = (before: readonly PhaseTime[], now: readonly PhaseTime[]): PhaseTime[] =>
  now.map((p, i) => {
    const old = before[i] ?? { wall: 0, threadSeconds: 0, times: [] };
    return {
      wall: p.wall - old.wall,
      threadSeconds: p.threadSeconds - old.threadSeconds,
      // A split that is tried again has taken no time yet.
      times: p.times.map((ms, k) => Math.max(0, ms - (old.times[k] ?? 0))),
    };
  });

type Takers = { readonly [K in RunRecord['record']]: (book: TimeBook, line: RunRecord & { record: K }) => void };

const takers: Takers = {
  start: (book, { threads, t, before }) => {
    book.around.load += before?.load ?? 0;
    book.around.plan += before?.plan ?? 0;
    // What was open when a process was killed ended with its last sign of life.
    book.close(book.t);
    book.threads = threads;
    book.startedT = t;
    book.ended = null;
  },
  phase: (book, { phase, t }) => book.openPhase(phase, t),
  split: (book, { phase, split, times, windows }) => book.split(phase, split, times, windows),
  decide: (book, { step, seconds, t }) => {
    book.close(t - seconds);
    book.decided.set(step, (book.decided.get(step) ?? 0) + seconds);
  },
  // A sum over the whole start, not a time in it.
  filter: () => {},
  generator: (book, { record: _, t: __, step, ...status }) => void book.generators.set(step, status),
  sample: (book, line) => {
    book.sample = line;
  },
  join: (book, { seconds }) => {
    book.around.join += seconds;
  },
  end: (book, { t, how }) => {
    book.close(t);
    book.ended = how;
  },
};

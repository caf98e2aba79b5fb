import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GuardError } from '../../errors.ts';
import { DriftWatch, type SplitWindows } from '../../ledger/live/drift-watch.ts';
import { recordsNow } from '../../ledger/live/records.ts';
import { type LiveState, liveState, type ProgressState, type RunStatus } from '../../ledger/live/state.ts';
import { type PhaseTime, TimeBook, timeSince } from '../../ledger/live/time-book.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import { type Amount, type Counters, emptyCounters } from '../../streams/commits/counters.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import type { RunEvent } from '../events.ts';
import { paceMeter } from '../pace.ts';

/** A bottleneck is told by so long: what was before, the start of threads for one, holds nothing up any more. */
const RECENT_SECONDS = 10;

/** A run in work, as its events tell: the state that `sluice serve` reads from the directory of a finished one. */
export class LiveRun {
  /** The run directory; null until the run has said where it is. */
  path: string | null = null;
  #run: RunJson | null = null;
  #drifts = new DriftWatch(() => (this.path === null ? [] : windowsIn(this.path)));
  /** Splits of earlier starts, while their records are read. */
  #earlier: SplitWindows[] | null = null;
  #book = new TimeBook((one) => {
    if (this.#earlier) this.#earlier.push(one);
    else this.#drifts.add(one);
  });
  #counters: Counters = emptyCounters();
  #arrived: readonly Pick<Amount, 'documents' | 'bytes'>[] = [];
  #working: readonly number[] = [];
  #seconds = 0;
  #progress: ProgressState | null = null;
  #status: RunStatus = 'running';
  #error: string | null = null;
  #stopped: GuardError['saw'] | null = null;
  #pace: ReturnType<typeof paceMeter>;
  /** Times of the last moments, the oldest first. */
  #moments: { readonly at: number; readonly phases: readonly PhaseTime[] }[] = [];

  /** @param limit documents asked for with `--limit` */
  constructor(limit: number | null = null) {
    this.#pace = paceMeter(limit);
  }

  take(event: RunEvent): void {
    takers[event.type]?.(this, event as never);
  }

  /** What ended the run instead of `finished`. */
  fail(error: unknown): void {
    this.#status = error instanceof GuardError ? 'guard' : 'failed';
    this.#stopped = error instanceof GuardError ? error.saw : null;
    this.#error = (error as Error)?.message ?? String(error);
    this.#drifts.settle();
  }

  /** Null before the run is planned. */
  state(): LiveState | null {
    if (this.#run === null) return null;
    const now = this.#book.startedT + this.#seconds;
    const phases = this.#book.at(now, this.#working);
    return liveState({
      run: this.#run,
      steps: (this.#run.recipe as unknown as { readonly steps: readonly StepDescriptor[] }).steps,
      status: this.#status,
      counters: this.#counters,
      arrived: this.#arrived,
      phases,
      recent: timeSince(this.#before(now, phases), phases),
      decided: this.#book.decided,
      threads: this.#book.threads,
      generators: this.#book.generators,
      sample: this.#book.sample,
      progress: this.#progress,
      alerts: this.#drifts.alerts,
      stopped: this.#stopped,
      error: this.#error,
    });
  }

  planned({ run }: Event<'planned'>): void {
    this.path = run;
    this.#run = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as RunJson;
    this.#earlier = [];
    for (const line of recordsNow(run)) this.#book.take(line);
    this.#drifts.load(this.#earlier);
    this.#earlier = null;
  }

  recorded({ line }: Event<'recorded'>): void {
    this.#book.take(line);
  }

  progress(e: Event<'progress'>): void {
    this.#counters = e.counters;
    this.#arrived = e.arrived;
    this.#working = e.working;
    this.#seconds = e.seconds;
    const { phase, phaseNumber, phases, splitsDone, splits, seconds } = e;
    const elapsed = Math.round(1000 * (this.#book.startedT + seconds)) / 1000;
    this.#progress = { phase, phaseNumber, phases, splitsDone, splits, ...this.#pace(e), seconds: elapsed };
  }

  stopped(): void {
    this.#status = 'stopped';
    this.#drifts.settle();
  }

  finished({ run, result }: Event<'finished'>): void {
    this.path = run;
    this.#run = result;
    this.#status = 'done';
    if (result.totals) this.#counters = result.totals;
    this.#drifts.settle();
  }

  /** Times as they stood `RECENT_SECONDS` ago. */
  #before(now: number, phases: readonly PhaseTime[]): readonly PhaseTime[] {
    const moments = this.#moments;
    if (moments.length === 0 || moments[moments.length - 1].at < now) moments.push({ at: now, phases });
    while (moments.length > 1 && moments[1].at <= now - RECENT_SECONDS) moments.shift();
    return moments[0].at < now ? moments[0].phases : [];
  }
}

/** Of all splits, as events.jsonl has them. */
const windowsIn = (run: string): SplitWindows[] => recordsNow(run).filter((line) => line.record === 'split');

type Event<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;
type Takers = { readonly [T in RunEvent['type']]?: (live: LiveRun, event: Event<T>) => void };

const takers: Takers = {
  planned: (live, e) => live.planned(e),
  recorded: (live, e) => live.recorded(e),
  progress: (live, e) => live.progress(e),
  stopped: (live) => live.stopped(),
  finished: (live, e) => live.finished(e),
};

import { type Amount, type Counters, emptyCounters, mergeCounters } from '../streams/commits/counters.ts';
import { splitPhase, splitPhaseNumber } from '../streams/commits/phase.ts';
import type { CommitHead, CommitStore } from '../streams/commits/store.ts';
import type { SplitPlan } from '../streams/plan/splits.ts';
import type { Phase } from '../streams/split/phases.ts';
import type { RunEvent } from './events.ts';
import type { SplitProgress } from './split/tasks.ts';

/** At least so often; less often where so many domains are counted that a copy of the counters takes long. */
const EVERY_MS = 200;
const SHOWING_SHARE = 0.01;
const LONGEST_REST_MS = 1000;
/**
 * How much longer a phase with a language model takes for the same text: 30 to 200 kB a second instead of tens of MB.
 */
const MODEL_WEIGHT = 300;

/**
 * One counters stream: what is committed, plus what is in flight (shown only, so a retried split never counts twice).
 */
export class Progress {
  #plan: SplitPlan;
  #phases: readonly Phase[];
  #emit: (event: ProgressEvent) => void;
  #committed = emptyCounters();
  #inFlight = new Map<number, SplitProgress>();
  #phase = 0;
  #phaseSplits = 0;
  #timer: NodeJS.Timeout;
  #startedMs = performance.now();
  #doneText = 0;
  /** Text through the phases as it was read; what was expected of it may be far off, as of markup and packed files. */
  #through = 0;
  /** Text that each split had, from its commit in the first phase on. */
  #textRead: number[] = [];
  #arrived: { documents: number; bytes: number }[];
  /** No earlier than this is shown again. */
  #restUntil = 0;
  #ended = false;
  #weights: readonly number[];
  #share: number;
  #text: number;

  /** @param samplePercent of the documents that are read; the others cost next to nothing, and count as no text */
  constructor(
    plan: SplitPlan,
    phases: readonly Phase[],
    before: { readonly commits: CommitStore; readonly counted: Counters },
    samplePercent: number | null,
    emit: (event: ProgressEvent) => void,
  ) {
    this.#plan = plan;
    this.#phases = phases;
    this.#emit = emit;
    this.#share = (samplePercent ?? 100) / 100;
    this.#weights = phases.map((p) => (p.steps.some((s) => s.models === true) ? MODEL_WEIGHT : 1));
    this.#text = plan.splits.reduce((n, s) => n + this.#textOf(s.index), 0);
    this.#arrived = phases.map(() => ({ documents: 0, bytes: 0 }));
    mergeCounters(this.#committed, structuredClone(before.counted));
    for (const c of before.commits.all) {
      const phase = splitPhaseNumber(c);
      if (phase === null) continue;
      this.#phase = phase;
      this.#doneText += this.#textOf(c.split);
      if (c.counted) this.#arrive(c, before.commits);
      this.#pass(c.split, phase === 0 ? c.counted?.read.bytes : undefined);
    }
    this.#phaseSplits = before.commits.of(splitPhase(this.#phase)).size;
    this.#timer = setInterval(() => {
      if (performance.now() >= this.#restUntil) this.#show();
    }, EVERY_MS);
    this.#timer.unref();
  }

  inFlight(p: SplitProgress): void {
    if (p.phase > this.#phase) this.#enter(p.phase);
    this.#inFlight.set(p.split, p);
  }

  /** A thread has a split and has said nothing yet. */
  begun(p: SplitProgress): void {
    this.inFlight(p);
  }

  /** The times of a split are told elsewhere from now on. */
  recorded(split: number): void {
    const p = this.#inFlight.get(split);
    if (p) this.#inFlight.set(split, { ...p, times: undefined });
  }

  committed(split: number, phase: number, counters: Counters): void {
    this.#inFlight.delete(split);
    this.#take(split, phase, counters);
  }

  /** Shows the last state and stops; calling it again does nothing. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    this.#show();
  }

  #take(split: number, phase: number, counters: Counters): void {
    if (phase !== this.#phase) this.#enter(phase);
    mergeCounters(this.#committed, structuredClone(counters));
    this.#phaseSplits++;
    this.#doneText += this.#textOf(split);
    this.#pass(split, phase === 0 ? counters.read.bytes : undefined);
    addArrived(this.#arrived[phase], cameTo(phase, counters));
  }

  /** @param read by its commit in the first phase */
  #pass(split: number, read: number | undefined): void {
    if (read !== undefined) this.#textRead[split] = read;
    this.#through += this.#textRead[split] ?? this.#textOf(split);
  }

  /** What came to the steps of a phase, by the commits of a split. */
  #arrive(head: CommitHead, commits: CommitStore): void {
    const phase = splitPhaseNumber(head) ?? 0;
    const before = phase === 0 ? null : commits.get(splitPhase(phase - 1), head.split);
    const came = phase === 0 ? head.counted?.read : before?.counted?.passed;
    if (came && phase < this.#arrived.length) addArrived(this.#arrived[phase], came);
  }

  /** Text bytes that are expected of a split. */
  #textOf(split: number): number {
    return (this.#plan.splits[split]?.estimatedTextBytes ?? 0) * this.#share;
  }

  #enter(phase: number): void {
    this.#phase = phase;
    this.#phaseSplits = 0;
  }

  #show(): void {
    const began = performance.now();
    const counters = structuredClone(this.#committed);
    const arrived = structuredClone(this.#arrived);
    const working: number[] = [];
    for (const p of this.#inFlight.values()) mergeCounters(counters, structuredClone(p.counters));
    let flying = 0;
    let through = 0;
    let waiting = 0;
    for (const p of this.#inFlight.values()) {
      const read = readBytes(p);
      const done = Math.min(read, Math.max(decidedBytes(p.counters), Math.floor(p.scoredBytes?.() ?? 0)));
      const expected = this.#textOf(p.split);
      // A split that has more text than was expected is done when all of it is.
      flying += read > expected ? Math.floor((expected * done) / read) : done;
      through += done;
      waiting += read - done;
      addArrived(arrived[p.phase], cameTo(p.phase, p.counters));
      if (p.phase === this.#phase)
        p.times?.().forEach((ms, i) => {
          working[i] = (working[i] ?? 0) + ms;
        });
    }
    const phase = this.#phases[this.#phase];
    this.#emit({
      type: 'progress',
      phase: phase.before ? `before ${phase.before.step}` : phase.after ? `after ${phase.after.step}` : 'curate',
      phaseNumber: this.#phase,
      phases: this.#phases.length,
      weights: this.#weights,
      splitsDone: this.#phaseSplits,
      splits: this.#plan.splits.length,
      counters,
      expectedTextBytes: this.#text * this.#phases.length,
      doneTextBytes: Math.min(this.#text * this.#phases.length, this.#doneText + flying),
      throughTextBytes: this.#through + through,
      waitingTextBytes: waiting,
      seconds: (performance.now() - this.#startedMs) / 1000,
      arrived,
      working,
    });
    const now = performance.now();
    this.#restUntil = now + Math.min(LONGEST_REST_MS, (now - began) / SHOWING_SHARE) - EVERY_MS;
  }
}

type ProgressEvent = Extract<RunEvent, { type: 'progress' }>;
type Arrived = Pick<Amount, 'documents' | 'bytes'>;

/** What of a split came to the steps of a phase. */
const cameTo = (phase: number, { read, received }: Counters): Arrived => (phase === 0 ? read : received);

function addArrived(sum: Arrived, { documents, bytes }: Arrived): void {
  sum.documents += documents;
  sum.bytes += bytes;
}

/** Text that has come to a split in this phase. */
const readBytes = ({ phase, counters: { read, received } }: SplitProgress): number =>
  phase === 0 ? read.bytes : received.bytes;

/** Text that went through all steps of a phase. What was only read may still wait for a slow one. */
const decidedBytes = (c: Counters): number => c.kept.bytes + c.dropped.bytes + c.passed.bytes + c.quarantined.textBytes;

import type { RunEvent } from '../../run/events.ts';
import { type Counters, cameIn, lostDocuments, type RuleCounters } from '../../streams/commits/counters.ts';
import { duration } from '../terminal/format.ts';

type ProgressEvent = Extract<RunEvent, { type: 'progress' }>;

/** What the views show of a run in work; made from one progress event after the other. */
export interface ProgressView {
  readonly phase: string;
  /** 0 to 1 over all phases. */
  readonly share: number;
  readonly splitsDone: number;
  readonly splits: number;
  readonly documents: number;
  /** Read and not dropped or set aside so far; null while nothing is decided. */
  readonly keptShare: number | null;
  readonly textBytes: number;
  /** Of the last seconds, or of the last batches where those take longer; null until there is something to measure. */
  readonly megabytesPerSecond: number | null;
  readonly etaSeconds: number | null;
  readonly memoryBytes: number;
  readonly seconds: number;
  readonly reasons: readonly Reason[];
}

/** A rule and how many documents it was the first to drop. */
export interface Reason {
  readonly step: string;
  readonly rule: string;
  readonly dropped: number;
  readonly counters: RuleCounters;
}

/** Rules that dropped something, the greatest first; equal ones by name. */
export function topReasons(counters: Counters): Reason[] {
  return Object.entries(counters.steps)
    .flatMap(([step, rules]) =>
      Object.entries(rules).map(([rule, c]) => ({ step, rule, dropped: c.dropped, counters: c })),
    )
    .filter((r) => r.dropped > 0)
    .sort((a, b) => b.dropped - a.dropped || (`${a.step}/${a.rule}` < `${b.step}/${b.rule}` ? -1 : 1));
}

const WINDOW_SECONDS = 10;

interface Sample {
  readonly seconds: number;
  readonly done: number;
}

/** Turns events into views. `limit`: documents asked for with --limit. */
export function progressViews(limit: number | null): (event: ProgressEvent) => ProgressView {
  const rate = rateMeter();
  const left = remainingTime();
  return (e) => {
    const { counters: c } = e;
    const bytesPerSecond = rate(e.seconds, e.doneTextBytes);
    const share = shareOf(e, limit);
    const input = cameIn(c).documents;
    const decided = c.kept.documents + c.dropped.documents + lostDocuments(c);
    return {
      phase: e.phase,
      share,
      splitsDone: e.splitsDone,
      splits: e.splits,
      documents: c.read.documents,
      keptShare: decided === 0 ? null : (input - c.dropped.documents - lostDocuments(c)) / input,
      textBytes: c.read.bytes,
      megabytesPerSecond: bytesPerSecond === null ? null : bytesPerSecond / 1e6,
      etaSeconds: left(e.seconds, e.phaseNumber, share),
      memoryBytes: process.memoryUsage.rss(),
      seconds: e.seconds,
      reasons: topReasons(c).slice(0, 3),
    };
  };
}

/**
 * Text per second over the last seconds. A model takes longer than that for a batch: then over the last one, and
 * sinking only when the next takes longer still, so that the rate is never 0 only because nothing has ended just now.
 * Null until something was done.
 */
function rateMeter(): (seconds: number, done: number) => number | null {
  const samples: Sample[] = [];
  return (seconds, done) => {
    if (samples.length === 0 || done !== samples[samples.length - 1].done) samples.push({ seconds, done });
    while (samples.length > 2 && samples[1].seconds < seconds - WINDOW_SECONDS) samples.shift();
    const last = samples[samples.length - 1];
    const gap = last.seconds - (samples[samples.length - 2]?.seconds ?? last.seconds);
    const elapsed = last.seconds - samples[0].seconds + Math.max(0, seconds - last.seconds - gap);
    return samples.length > 1 && elapsed >= 0.5 ? (last.done - samples[0].done) / elapsed : null;
  };
}

/**
 * Seconds to go at the pace of this phase; null until there is one. Between two batches it counts down as time passes,
 * and rises only when the next one takes longer than the last.
 */
function remainingTime(): (seconds: number, phase: number, share: number) => number | null {
  let first = { seconds: 0, share: 0, phase: -1 };
  let last: { seconds: number; share: number; gap: number } = { seconds: 0, share: 0, gap: 0 };
  return (seconds, phase, share) => {
    if (phase !== first.phase) {
      first = { seconds, share, phase };
      last = { seconds, share, gap: 0 };
    } else if (share !== last.share) last = { seconds, share, gap: seconds - last.seconds };
    const gained = last.share - first.share;
    // Half a hundredth says little about the rest, unless there is nothing better for long.
    if (seconds - first.seconds <= (gained > 0.02 ? 1 : 10) || gained <= 0.005) return null;
    const since = seconds - last.seconds;
    const ahead = (1 - share) / gained;
    const late = Math.max(0, since - last.gap);
    return Math.max(0, ahead * (last.seconds - first.seconds + late) - (since - late));
  };
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 1 : part / whole);

/**
 * Share of the work of all phases that is done, 0 to 1. With a limit the size of the input says nothing: documents
 * count.
 */
function shareOf(e: ProgressEvent, limit: number | null): number {
  const { read, received, passed } = e.counters;
  /** Share of what has been read that is done: a language model is far behind the reader. */
  const done = (bytes: number): number => 1 - ratio(e.waitingTextBytes, Math.max(1, bytes));
  const text = e.expectedTextBytes / e.phases;
  const ofPhase =
    limit === null
      ? ratio(e.doneTextBytes - e.phaseNumber * text, text)
      : e.phaseNumber === 0
        ? ratio(read.documents, limit) * done(read.bytes)
        : ratio(received.documents, Math.max(1, passed.documents)) * done(received.bytes);
  const before = e.weights.slice(0, e.phaseNumber).reduce((sum, w) => sum + w, 0);
  const all = e.weights.reduce((sum, w) => sum + w, 0);
  return Math.min(1, (before + e.weights[e.phaseNumber] * Math.min(1, Math.max(0, ofPhase))) / all);
}

/** An estimate, so without tenths of a second. */
export const wholeSeconds = (seconds: number): string =>
  seconds < 9.5 ? `${Math.ceil(seconds)} s` : duration(seconds);

import type { RunEvent } from './events.ts';

type ProgressEvent = Extract<RunEvent, { type: 'progress' }>;

/** How far a run is, and how fast. */
export interface Pace {
  /** 0 to 1 over all phases. */
  readonly share: number;
  /** Of text, over the last seconds; null until there is something to measure. */
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
}

/** Turns one progress event after the other into the pace. @param limit documents asked for; null = all */
export function paceMeter(limit: number | null): (event: ProgressEvent) => Pace {
  const rate = rateMeter();
  const left = remainingTime();
  return (e) => {
    const bytesPerSecond = rate(e.seconds, e.throughTextBytes);
    const share = shareOf(e, limit);
    return { share, bytesPerSecond, etaSeconds: left(e.seconds, e.phaseNumber, share) };
  };
}

const WINDOW_SECONDS = 10;

interface Sample {
  readonly seconds: number;
  readonly done: number;
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

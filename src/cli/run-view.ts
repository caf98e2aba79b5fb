import type { RunEvent } from '../run/types.ts';
import type { Counters, RuleCounters } from '../streams/counters.ts';

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
  /** Of the last seconds; null until there is something to measure. */
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

/** Turns events into views; holds the last seconds for the rate. `limit`: documents asked for with --limit. */
export function progressViews(limit: number | null): (event: ProgressEvent) => ProgressView {
  const samples: { seconds: number; done: number }[] = [];
  let first: { seconds: number; share: number } | null = null;
  return (e) => {
    const { counters: c } = e;
    samples.push({ seconds: e.seconds, done: e.doneTextBytes });
    while (samples.length > 2 && samples[1].seconds < e.seconds - WINDOW_SECONDS) samples.shift();
    const elapsed = e.seconds - samples[0].seconds;
    const rate = elapsed >= 0.5 ? (e.doneTextBytes - samples[0].done) / elapsed : null;
    const share = Math.min(1, limit === null ? ratio(e.doneTextBytes, e.expectedTextBytes) : limitedShare(e, limit));
    first ??= { seconds: e.seconds, share };
    const decided = c.kept.documents + c.dropped.documents + c.quarantined.records;
    const gained = share - first.share;
    const eta =
      gained > 0.005 && e.seconds - first.seconds > 1 ? ((1 - share) * (e.seconds - first.seconds)) / gained : null;
    return {
      phase: e.phase,
      share,
      splitsDone: e.splitsDone,
      splits: e.splits,
      documents: c.read.documents,
      keptShare:
        decided === 0 ? null : (c.read.documents - c.dropped.documents - c.quarantined.records) / c.read.documents,
      textBytes: c.read.bytes,
      megabytesPerSecond: rate === null ? null : rate / 1e6,
      etaSeconds: eta,
      memoryBytes: process.memoryUsage.rss(),
      seconds: e.seconds,
      reasons: topReasons(c).slice(0, 3),
    };
  };
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 1 : part / whole);

/** With a limit the size of the input says nothing: documents count. */
function limitedShare(e: ProgressEvent, limit: number): number {
  const { read, received, passed } = e.counters;
  const phase =
    e.phaseNumber === 0 ? ratio(read.documents, limit) : ratio(received.documents, Math.max(1, passed.documents));
  return (e.phaseNumber + Math.min(1, phase)) / e.phases;
}

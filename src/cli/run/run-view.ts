import type { RunJson } from '../../ledger/run-json.ts';
import type { RunEvent } from '../../run/events.ts';
import { paceMeter } from '../../run/pace.ts';
import { type Counters, cameIn, lostDocuments, type RuleCounters } from '../../streams/commits/counters.ts';
import { duration, plural } from '../terminal/format.ts';

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
  /** What that share is called: in the last of several phases, or the only one, what is left is kept. */
  readonly keptWord: 'kept' | 'not dropped';
  readonly textBytes: number;
  /**
   * Text of the input that the whole run gets through, at the pace of the last seconds, or of the last batches where
   * those take longer: what goes through two phases counts half in each, as in the summary. Null until there is
   * something to measure.
   */
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

/** Which documents of the input a run was told to take; null: all. */
export function partTaken({ limit, samplePercent }: RunJson['limits']): string | null {
  const parts = [
    ...(limit === null ? [] : [`the first ${plural(limit, 'document')}`]),
    ...(samplePercent === null ? [] : [`a sample of ${samplePercent} % of the documents`]),
  ];
  return parts.length > 0 ? parts.join(', ') : null;
}

/** Turns events into views. `limit`: documents asked for with --limit. */
export function progressViews(limit: number | null): (event: ProgressEvent) => ProgressView {
  const pace = paceMeter(limit);
  return (e) => {
    const { counters: c } = e;
    const { share, bytesPerSecond, etaSeconds } = pace(e);
    const input = cameIn(c).documents;
    const decided = c.kept.documents + c.dropped.documents + lostDocuments(c);
    return {
      phase: e.phase,
      share,
      splitsDone: e.splitsDone,
      splits: e.splits,
      documents: c.read.documents,
      keptShare: decided === 0 ? null : (input - c.dropped.documents - lostDocuments(c)) / input,
      keptWord: e.phaseNumber === e.phases - 1 ? 'kept' : 'not dropped',
      textBytes: c.read.bytes,
      megabytesPerSecond: bytesPerSecond === null ? null : bytesPerSecond / e.phases / 1e6,
      etaSeconds,
      memoryBytes: process.memoryUsage.rss(),
      seconds: e.seconds,
      reasons: topReasons(c).slice(0, 3),
    };
  };
}

/** An estimate, so without tenths of a second. */
export const wholeSeconds = (seconds: number): string =>
  seconds < 9.5 ? `${Math.ceil(seconds)} s` : duration(seconds);

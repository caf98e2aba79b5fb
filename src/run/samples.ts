import { lostDocuments } from '../streams/commits/counters.ts';
import type { Split } from '../streams/plan/splits.ts';
import type { Phase } from '../streams/split/phases.ts';
import type { RecordsFile } from './directory/records-file.ts';
import type { RunEvent } from './events.ts';
import type { TaskResult } from './split/tasks.ts';

const EVERY_MS = 1000;

/** Takes a point of the curves from progress about once a second, and always the last. */
export function sampler(records: RecordsFile) {
  let due = 0;
  let untaken: Progress | null = null;
  const write = (e: Progress): void => {
    untaken = null;
    const { read, kept, dropped } = e.counters;
    records.appendLater({
      record: 'sample',
      read: read.documents,
      kept: kept.documents,
      dropped: dropped.documents,
      quarantined: lostDocuments(e.counters),
      textBytes: read.bytes,
      doneBytes: e.throughTextBytes,
      memoryBytes: process.memoryUsage.rss(),
    });
  };
  return {
    take(e: Progress): void {
      untaken = e;
      if (performance.now() < due) return;
      due = performance.now() + EVERY_MS;
      write(e);
    },
    /** Call at the end. */
    end(): void {
      if (untaken) write(untaken);
    },
  };
}

type Progress = Extract<RunEvent, { type: 'progress' }>;

/** What a split took, for events.jsonl. */
export const splitRecord = (phase: Phase, split: Split, { times = [], windows = [] }: TaskResult) =>
  ({
    record: 'split',
    phase: phase.number,
    split: split.index,
    times: times.map(Math.round),
    windows,
  }) as const;

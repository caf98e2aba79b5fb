import type { MessagePort } from 'node:worker_threads';
import type { SinkDescriptor } from '../../sinks/options.ts';
import type { BlindTotals } from '../../sinks/quarantine-joiner.ts';
import type { ColumnSpec } from '../../streams/batch/columns.ts';
import type { Counters } from '../../streams/commits/counters.ts';
import type { CommittedFile, DuplicateCluster } from '../../streams/commits/log.ts';
import type { DropWindow } from '../../streams/commits/windows.ts';
import type { BarrierSplit } from '../../streams/flow/barrier.ts';
import type { SentFile } from '../../streams/flow/rounds.ts';
import type { ReadOptions } from '../../streams/inputs/read-options.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import type { PlannedFile, Split } from '../../streams/plan/splits.ts';
import type { FailedRow } from '../../streams/split/isolate.ts';
import type { Phase } from '../../streams/split/phases.ts';
import type { ClockWords } from '../../streams/split/step-clock.ts';
import type { ErrorData } from '../../thread-errors.ts';
import type { FoundClusters } from '../clusters.ts';
import type { EarlierSplit } from '../recut/earlier-rows.ts';
import type { TakenDecision } from '../recut/taken-decisions.ts';
import type { Waiting } from './waiting.ts';
import type { Beat } from './watch.ts';

/** One split of one phase, as it crosses to a worker. */
export interface SplitTask {
  readonly kind: 'split';
  readonly runDirectory: string;
  readonly phase: Phase;
  /** `ranges[].file` index into `files`. */
  readonly split: Split;
  readonly files: readonly PlannedFile[];
  readonly read: ReadOptions;
  readonly annotations: readonly ColumnSpec[];
  readonly sinks: readonly SinkDescriptor[];
  readonly rewritten: boolean;
  /** A step of the recipe creates documents. */
  readonly creates: boolean;
  /** Where the barrier before left the split, in a run on many nodes. Default: in the run directory. */
  readonly carried?: Carried;
  /** So many parts the barrier behind decides in; absent: in one. */
  readonly parts?: number;
  /** What an earlier run has measured of the split. */
  readonly earlier?: EarlierSplit;
}

/** What another process left of a split. Paths are absolute. */
export interface Carried {
  readonly spill: string;
  /** Side columns, not parted. */
  readonly keys: string;
  /** Decisions of each part of the barrier, with their indexes. */
  readonly decisions: readonly { readonly path: string; readonly index: string }[];
  /** Place of the split in them. */
  readonly at: number;
}

/** A split with what only this process knows about it. */
export interface LimitedTask extends SplitTask {
  /** Documents that may still be read; null = all. */
  readonly limit: number | null;
  readonly samplePercent: number | null;
  /** True: any number of documents may fail in steps. */
  readonly allowFailures: boolean;
}

/** A split as a thread gets it that may be stopped, and tried again. */
export interface WatchedTask extends LimitedTask {
  readonly beat: Beat | null;
  /** Where its time goes, and the epoch time at which it was given. */
  readonly clock: { readonly words: ClockWords; readonly startedMs: number } | null;
  /** To the services of the main thread, for this task alone; null when no step asks for any. */
  readonly services: MessagePort | null;
  /** Documents on which a thread died: not for this one. Batches are numbered as the source gives them. */
  readonly aside: readonly (FailedRow & { readonly batch: number })[];
}

/** Asks on which documents of a batch a thread dies, from a row on. */
export interface ProbeTask extends WatchedTask {
  readonly probe: { readonly batch: number; readonly from: number };
}

export interface DecideTask {
  readonly kind: 'decide';
  readonly runDirectory: string;
  readonly barrier: StepDescriptor;
  readonly splits: readonly number[];
  readonly memoryBytes: number;
  /** What an earlier run decided on just these splits: it is taken. */
  readonly taken?: TakenDecision;
}

/** What one task of a barrier decides in a run on many nodes. */
export interface DecidePartTask {
  readonly kind: 'decide-part';
  /** Where it writes. */
  readonly runDirectory: string;
  readonly barrier: StepDescriptor;
  /** Of all splits, in their order; paths are absolute. */
  readonly splits: readonly BarrierSplit[];
  /** Null: it decides over all. */
  readonly part: number | null;
  /** Parts of the decision: the tasks of every round that is not one task alone. */
  readonly parts: number;
  /** The number of its round, or null for the last. */
  readonly round: number | null;
  /** What the round before has sent, to so many parts: one is all. */
  readonly received: readonly SentFile[];
  readonly receivesOf: number;
  /** So many parts it sends to. */
  readonly sendsTo: number;
  readonly memoryBytes: number;
  /** It only tells which bytes of the spilled documents it would read: these are not here yet. */
  readonly onlyTexts?: true;
}

export interface JoinTask {
  readonly kind: 'join';
  readonly runDirectory: string;
  readonly sink: SinkDescriptor;
  readonly sinkName: string;
  /** Of the shard, relative to the run directory. */
  readonly path: string;
  readonly inputs: readonly CommittedFile[];
  /** Of the quarantine. */
  readonly blind?: BlindTotals;
}

export type Task = SplitTask | DecideTask | DecidePartTask | JoinTask;

/** The task if it is a split; null for a decision and a shard. */
export const asSplit = (task: Task): SplitTask | null => ('split' in task ? task : null);

/** What a task has written to `.tmp` files, ready to be renamed and committed. */
export interface TaskResult {
  readonly files: readonly CommittedFile[];
  readonly counters: Counters | null;
  /** Of a split: what was dropped where. */
  readonly windows?: readonly DropWindow[];
  /** Of a split: milliseconds at each place of its phase. */
  readonly times?: readonly number[];
  /** Documents without an outcome: nothing of the split is committed. */
  readonly waiting?: Waiting;
  /** Of a dedup's decision. */
  readonly cluster?: DuplicateCluster | null;
  /** Bytes of the spilled documents of each split, in pairs, from and to. */
  readonly texts?: readonly Float64Array[];
  /** Of what a task of many nodes has decided, as `cluster`. */
  readonly found?: FoundClusters | null;
}

/** Sent by a worker while it works on a split. */
export interface SplitProgress {
  readonly split: number;
  readonly phase: number;
  readonly counters: Counters;
  /** Text that model workers have scored, of batches in work too; asked whenever it is shown. */
  readonly scoredBytes?: () => number;
  /** Milliseconds at each place of the phase until now; asked whenever it is shown. */
  readonly times?: () => number[];
}

/** An error that crossed a thread. */
export interface TaskError {
  readonly error: ErrorData;
}

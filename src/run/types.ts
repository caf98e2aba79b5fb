import type { ExecutorRecord } from '../operators/scoring-pool.ts';
import type { SinkDescriptor } from '../sinks/index.ts';
import type { ColumnSpec } from '../streams/columns.ts';
import type { CommittedFile, DuplicateCluster } from '../streams/commits.ts';
import type { Counters } from '../streams/counters.ts';
import { isBarrier, type Json, type StepDescriptor } from '../streams/operator.ts';
import type { ReadOptions } from '../streams/read-options.ts';
import type { PlannedFile, Split } from '../streams/splits.ts';
import type { GuardRecord } from './guards.ts';
import type { FailedRow } from './isolate.ts';
import type { Beat } from './watch.ts';

export const RUN_FORMAT = 1;

/** Steps between two barriers. Phase 0 reads the input, later ones what a barrier let through. */
export interface Phase {
  readonly number: number;
  /** The barrier whose decision opens this phase; null in phase 0. */
  readonly after: StepDescriptor | null;
  readonly steps: readonly StepDescriptor[];
  /** The barrier that ends it; null in the last phase, which writes the sinks. */
  readonly before: StepDescriptor | null;
}

export function phasesOf(steps: readonly StepDescriptor[]): Phase[] {
  const phases: Phase[] = [];
  let after: StepDescriptor | null = null;
  let current: StepDescriptor[] = [];
  for (const s of [...steps, null]) {
    if (s !== null && !isBarrier(s)) {
      current.push(s);
      continue;
    }
    phases.push({ number: phases.length, after, steps: current, before: s });
    after = s;
    current = [];
  }
  return phases;
}

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
}

export interface JoinTask {
  readonly kind: 'join';
  readonly runDirectory: string;
  readonly sink: SinkDescriptor;
  readonly sinkName: string;
  /** Of the shard, relative to the run directory. */
  readonly path: string;
  readonly inputs: readonly CommittedFile[];
}

export type Task = SplitTask | DecideTask | JoinTask;

/** What a task has written to `.tmp` files, ready to be renamed and committed. */
export interface TaskResult {
  readonly files: readonly CommittedFile[];
  readonly counters: Counters | null;
  /** Of a dedup's decision. */
  readonly cluster?: DuplicateCluster | null;
}

/** Sent by a worker while it works on a split. */
export interface SplitProgress {
  readonly split: number;
  readonly phase: number;
  readonly counters: Counters;
  /** Text that model workers have scored, of batches in work too; asked whenever it is shown. */
  readonly scoredBytes?: () => number;
}

/** Contents of run.json. */
export interface RunJson {
  readonly format: number;
  readonly name: string;
  readonly sluice: string;
  readonly status: 'running' | 'done';
  readonly recipe: Json;
  readonly hashes: { readonly recipe: string; readonly input: string; readonly plan: string };
  readonly versions: readonly string[];
  /** What computed the scores of each step with a language model; empty without one. */
  readonly executors: readonly ExecutorRecord[];
  readonly input: { readonly patterns: readonly string[]; readonly files: number; readonly bytes: number };
  readonly limits: { readonly limit: number | null; readonly samplePercent: number | null };
  readonly schema: { readonly batch: number; readonly annotations: readonly ColumnSpec[] };
  readonly sinks: readonly { readonly name: string; readonly folder: string; readonly kind: string }[];
  readonly splits: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** Seconds of work, added up over interruptions. */
  readonly seconds: number;
  readonly totals: Counters | null;
  /** Null before anything was judged. */
  readonly guards: GuardRecord | null;
}

export type RunEvent =
  | {
      readonly type: 'planned';
      readonly run: string;
      readonly files: number;
      readonly splits: number;
      readonly textBytes: number;
      readonly skipped: readonly { path: string; reason: string }[];
      readonly warnings: readonly string[];
      readonly resumedSplits: number;
    }
  | {
      readonly type: 'progress';
      readonly phase: string;
      readonly phases: number;
      readonly phaseNumber: number;
      readonly splitsDone: number;
      readonly splits: number;
      /** How long each phase is expected to take for the same text, as ratios. */
      readonly weights: readonly number[];
      readonly counters: Counters;
      /** Over all phases, so a run of two phases counts each text twice. */
      readonly expectedTextBytes: number;
      readonly doneTextBytes: number;
      /** Read by the splits in work, and not through all steps yet. */
      readonly waitingTextBytes: number;
      readonly seconds: number;
    }
  | { readonly type: 'commit'; readonly phase: string; readonly split: number; readonly documents: number }
  | {
      /** A thread died; its task is tried again on another. */
      readonly type: 'retried';
      readonly task: string;
      readonly cause: string;
      /** 1 for the first, of `attempts`. */
      readonly attempt: number;
      readonly attempts: number;
    }
  | { readonly type: 'stopping'; readonly inFlight: number }
  | { readonly type: 'stopped'; readonly run: string; readonly splitsDone: number; readonly splits: number }
  | { readonly type: 'finished'; readonly run: string; readonly already: boolean; readonly result: RunJson };

import type { RunRecord } from '../ledger/live/records.ts';
import type { RunJson } from '../ledger/run-json.ts';
import type { AskerStatus } from '../models/generators/asker.ts';
import type { FilterStatus } from '../operators/external/index.ts';
import type { Amount, Counters } from '../streams/commits/counters.ts';

export type RunEvent =
  | {
      readonly type: 'planned';
      readonly run: string;
      readonly store?: string;
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
      /** As done, but with the text that was read in place of what was expected: what a rate is made of. */
      readonly throughTextBytes: number;
      /** Read by the splits in work, and not through all steps yet. */
      readonly waitingTextBytes: number;
      readonly seconds: number;
      /** Documents and bytes that came to the steps of each phase. */
      readonly arrived: readonly Pick<Amount, 'documents' | 'bytes'>[];
      /** Of the splits in work: milliseconds at each place of the phase, as in a `split` record. */
      readonly working: readonly number[];
    }
  | {
      /** Before the work of a run with `recut`: splits that were taken as they are, and columns that are. */
      readonly type: 'recut';
      readonly splits: number;
      readonly columns: number;
    }
  | {
      /** A line was added to events.jsonl. */
      readonly type: 'recorded';
      readonly line: RunRecord;
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
  | {
      /** What a step with a generator has asked and spent, at the end of a start. */
      readonly type: 'generated';
      readonly step: string;
      readonly status: AskerStatus;
    }
  | {
      /** An external filter is about to be started, or has done its part of a start. */
      readonly type: 'filter';
      readonly step: string;
      readonly ended: boolean;
      readonly status: FilterStatus;
    }
  | { readonly type: 'stopping'; readonly inFlight: number }
  | {
      readonly type: 'stopped';
      readonly run: string;
      readonly store?: string;
      readonly splitsDone: number;
      readonly splits: number;
    }
  | {
      readonly type: 'finished';
      /** The run directory; of one in a store, the folder of this machine that it was worked on in. */
      readonly run: string;
      /** Address of a run directory in a store. */
      readonly store?: string;
      readonly already: boolean;
      readonly result: RunJson;
    };

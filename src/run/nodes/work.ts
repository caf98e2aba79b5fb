import type { Subscriber } from 'rxjs';
import type { Recipe } from '../../recipe/recipe.ts';
import type { Split } from '../../streams/plan/splits.ts';
import type { RunOptions } from '../options.ts';
import type { Retry, SplitPool } from '../split/split-pool.ts';
import type { Claim } from './attempts.ts';
import type { Fleet, FleetPhase } from './fleet.ts';

/** What a process that works on a part of a run says. */
export type ShardEvent =
  | { readonly type: 'note'; readonly text: string }
  | ({ readonly type: 'retried' } & Retry)
  | {
      /** A split is committed; `done` of the `splits` of this task are. */
      readonly type: 'split';
      readonly phase: string;
      readonly task: number;
      readonly split: number;
      readonly done: number;
      readonly splits: number;
      readonly documents: number;
    }
  | { readonly type: 'decided'; readonly phase: string; readonly task: number; readonly seconds: number }
  | { readonly type: 'waiting'; readonly phase: string }
  | { readonly type: 'stopped'; readonly run: string; readonly phase: string }
  | {
      /** Its tasks of a phase are done: so many by it now, and so many before. */
      readonly type: 'phase';
      readonly run: string;
      readonly phase: string;
      readonly tasks: number;
      readonly already: number;
    }
  /** Every phase is complete. */
  | { readonly type: 'done'; readonly run: string };

/** What a task has at hand. */
export interface FleetWork {
  readonly fleet: Fleet;
  readonly recipe: Recipe;
  readonly options: RunOptions;
  readonly phases: readonly FleetPhase[];
  /** Splits of each logical shard. */
  readonly shards: readonly (readonly Split[])[];
  readonly pool: SplitPool;
  /** Aborted: finish the splits in work, then stop. */
  readonly stop: AbortSignal;
  /** Aborted: stop now. */
  readonly hard: AbortSignal;
  readonly out: Subscriber<ShardEvent>;
  readonly phase: FleetPhase;
  readonly task: number;
  readonly claim: Claim;
}

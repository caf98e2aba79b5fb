/** Values that JSON holds: what a scheduler's options and state are made of, so that a log line can carry them. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What is known of one domain. */
export interface DomainFacts {
  readonly name: string;
  /** Tokens of one epoch; `null` while curation is still running and the total is not known. */
  readonly tokens: number | null;
  /** Sequences of one epoch; `null` while the total is not known. */
  readonly sequences: number | null;
  /** Mean difficulty of its documents (bits per byte, length, a source's rank): what curricula order by. */
  readonly difficulty?: number;
}

/** What is known of the whole job. Domains keep their places: weights, losses and counters are arrays in this order. */
export interface Facts {
  readonly domains: readonly DomainFacts[];
  /** Tokens of a sequence. */
  readonly contextLength: number;
  /** Sequences of one global step, over all ranks. */
  readonly sequencesPerStep: number;
  /** Planned steps; `null` when the run is open-ended. */
  readonly steps: number | null;
}

/**
 * What a scheduler is told. `step` comes once before each global step is drawn, with the sequences drawn and the
 * epochs begun so far per domain. `losses` comes when the losses of a step take effect (`lag` steps later): the mean
 * loss per token of each domain, `null` where the step held none of the domain's tokens.
 */
export type MixtureEvent =
  | {
      readonly type: 'step';
      readonly step: number;
      readonly drawn: readonly number[];
      readonly epochs: readonly number[];
    }
  | { readonly type: 'losses'; readonly step: number; readonly losses: readonly (number | null)[] };

/** Weights from now on: finite, >= 0, some > 0; they need not sum to 1. */
export interface Decision<State extends Json> {
  readonly weights: readonly number[];
  /** Factors on each domain's loss (scalarisation); 1 everywhere when absent. The trainer applies them. */
  readonly lossWeights?: readonly number[];
  readonly state: State;
}

/**
 * Decides how often each domain is drawn. Pure: the same state, event and facts give the same decision on every
 * machine, so a restart replays it from the log. Everything it needs to remember is in `state`.
 */
export interface Scheduler<State extends Json = Json> {
  readonly name: string;
  /** Raised whenever the same options mean something else. */
  readonly version: number;
  readonly options: Json;
  /** It cannot start before the totals of every domain are known. */
  readonly needsTotals: boolean;
  /** It reads losses: a step is not drawn before the losses that act on it have been posted. */
  readonly needsLosses: boolean;
  start(facts: Facts): Decision<State>;
  next(state: State, event: MixtureEvent, facts: Facts): Decision<State>;
}

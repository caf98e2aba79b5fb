import { InputError } from '../../errors.ts';
import type { TokenRange } from '../../streams/tokens/pieces.ts';
import type { TokenArray, TokenVocabulary } from '../../streams/tokens/token-kind.ts';

/** What does not change while a feed lives. */
export interface FeedFacts {
  /** Weights, losses and counters are in this order. */
  readonly domains: readonly string[];
  readonly contextLength: number;
  /** Of one global step, over all ranks. */
  readonly sequencesPerStep: number;
  readonly steps: number | null;
  readonly packing: 'concat' | 'best-fit';
  readonly scheduler: { readonly name: string; readonly version: number };
  /** Steps from `lag` on wait for the losses of the step `lag` before them. */
  readonly needsLosses: boolean;
  readonly lag: number;
  readonly seed: number;
  readonly tokenizer: string;
  readonly vocabulary: TokenVocabulary;
  readonly stores: readonly string[];
  /** Of a feed that several servers serve: the same of all of them. */
  readonly feed?: string;
}

/** A server among several that serve one feed. */
export interface ServerStatus {
  readonly id: string;
  /** Null before it listens. */
  readonly url: string | null;
  /** It writes the log of the mixture. */
  readonly writes: boolean;
  /** The one that was asked. */
  readonly self: boolean;
  /** Steps that it has drawn. */
  readonly step: number;
  /** Seconds since its heartbeat moved; null where it has not since the server that was asked began. */
  readonly silent: number | null;
}

/** Another server writes the log by now, or none can be asked: the request is to be sent again, and counts once. */
export class SendAgain extends InputError {}

/** One sequence of a step. */
export interface FeedSequence {
  /** Place in the global step; those of rank r of w are r, r + w, ... */
  readonly slot: number;
  /** Place in `domains`. */
  readonly domain: number;
  readonly epoch: number;
  /** Number of the sequence within its domain, in the order of the input. */
  readonly index: number;
  /** As long as a context; from `length` on padding: the end of text, or 0. Empty where only ranges were asked for. */
  readonly ids: TokenArray;
  readonly length: number;
  /** The token after the last; -1: none, or only ranges were asked for. */
  readonly next: number;
  /** Where documents begin. */
  readonly starts: readonly number[];
  /** Where its tokens lie in files of the stores, and the one after them; none from a client over HTTP. */
  readonly ranges: readonly TokenRange[];
  /** Factor on its loss; 1 unless the scheduler weighs losses. */
  readonly lossWeight: number;
}

export interface FeedStep {
  readonly step: number;
  readonly sequences: readonly FeedSequence[];
  readonly weights: readonly number[];
}

/** Steps `from`, `from + stride`, ..., `count` of them, as rank `rank` of `world` gets them. */
export interface Asked {
  readonly from: number;
  readonly count: number;
  readonly stride: number;
  readonly rank: number;
  readonly world: number;
  /** False: only where the tokens lie, for one that reads the files by itself. Default true. */
  readonly ids?: boolean;
}

/** What there is of the steps asked for, in order: fewer when the next one waits for something, or there is none. */
export interface Pulled {
  readonly steps: readonly FeedStep[];
  readonly waitsFor: string | null;
  readonly ended: string | null;
}

export interface DomainStatus {
  readonly domain: string;
  /** In the last step that was drawn; null before the first. */
  readonly weight: number | null;
  /** Sequences drawn, over all steps up to the last. */
  readonly drawn: number;
  /** Of one epoch; null while the run goes on. */
  readonly sequences: number | null;
  /** So far. */
  readonly tokens: number;
  readonly epochs: number | null;
}

export interface FeedStatus {
  /** Steps drawn. */
  readonly step: number;
  /** False after a start before the first request: at least so many, and so many of each domain. */
  readonly certain: boolean;
  /** Why no step comes after the last one that was drawn; null while there may be more. */
  readonly ended: string | null;
  readonly stores: { readonly planned: number; readonly committed: number; readonly done: boolean };
  readonly domains: readonly DomainStatus[];
  /** Domains of the stores that are not drawn from. */
  readonly unused: readonly string[];
  /** Of a feed that several servers serve. */
  readonly servers?: readonly ServerStatus[];
  /** How many servers have written the log, one after the other. */
  readonly writers?: number;
}

/** What one server asks of another that serves the same feed. */
export interface AsWriter extends Pick<FeedSource, 'post' | 'rewind'> {
  readonly id: string;
}

/** Where a feed gets its sequences from, and where losses go. */
export interface FeedSource {
  readonly facts: FeedFacts;
  /**
   * Waits for the first step, for losses that it depends on and for runs in work, until it is told to stop; gives of
   * the others what is ready.
   */
  pull(asked: Asked, until: AbortSignal): Promise<Pulled>;
  /**
   * Mean loss per token of each domain in a step; null or absent where it held none. Posted again: the same is ignored,
   * others replace it and all that came after. Errors: ConfigError for a value that is no number, or another domain.
   */
  post(step: number, losses: Readonly<Record<string, number | null>>): Promise<void>;
  /** The trainer goes back to a step: the losses from there on no longer count. */
  rewind(step: number): Promise<void>;
  status(): Promise<FeedStatus>;
  close(): Promise<void>;
  /** Of one of several servers: takes losses as the writer only. Errors: SendAgain where it is not. */
  readonly asWriter?: AsWriter;
}

import { ConfigError } from '../../errors.ts';
import { checkHeader } from '../../mixture/history.ts';
import { type LogHeader, logHeader } from '../../mixture/log.ts';
import { type MixOptions, mixOf } from '../../mixture/mix.ts';
import type { DomainFacts, Scheduler } from '../../mixture/scheduler.ts';
import type { FeedSource } from '../../sinks/feed/source.ts';
import {
  type HeldOutDocument,
  type HoldOutOptions,
  holdOut,
  type StoredDocument,
} from '../../streams/tokens/hold-out.ts';
import { type CutOptions, Sequences } from '../../streams/tokens/sequences.ts';
import { Feed } from './local-feed.ts';
import { openMixture, readMixture } from './mixture-file.ts';
import { newServerId, SharedFeed } from './shared/shared-feed.ts';
import { SharedLog } from './shared/shared-log.ts';
import { begin, begunPlace, openState, readBegun } from './shared/state-store.ts';
import { openStores, type Stores } from './stores.ts';

export interface FeedOptions extends Partial<Omit<CutOptions, 'contextLength'>>, MixOptions {
  /** Run directories with a sink of tokens; one of several may still be in work, then only the last. */
  readonly stores: readonly string[];
  /** Name of the sink, where a run has several. */
  readonly sink?: string | null;
  /** Folder for `mixture.jsonl`: a feed that is started again goes on with it. */
  readonly state: string;
  readonly scheduler: Scheduler;
  /** Tokens of a sequence. */
  readonly contextLength: number;
  /** Sequences of a global step, over all ranks. */
  readonly sequencesPerStep: number;
  /** Planned steps; null: no end but that of the epochs. */
  readonly steps?: number | null;
  /** Names of the domains, in any order. Default: all of the stores, which must be finished then. */
  readonly domains?: readonly string[];
  /** Default 0. */
  readonly seed?: number;
  /** The losses of step s act from step s + lag on. Default 8. */
  readonly lag?: number;
  /** How often a run in work is looked at. Default 250 ms. */
  readonly pollMs?: number;
}

/** A feed that several servers serve: `state` is a folder that all of them see, or `s3://bucket/prefix`. */
export interface SharedFeedOptions extends FeedOptions {
  /** How often the server says that it is there. Default 5 s. */
  readonly beatMs?: number;
  /** After how long without a sign another takes over from the one that writes. Default 30 s. */
  readonly patienceMs?: number;
}

const DEFAULT_LAG = 8;
const DEFAULT_WINDOW = 8;
const DEFAULT_CACHE = 64 * 1024 * 1024;
const DEFAULT_POLL_MS = 250;

/**
 * The sequences of every global step as a function of the stores, the scheduler and the losses posted. Errors:
 * ConfigError for options that cannot be, stores that do not fit together, and a folder that belongs to another feed;
 * InputError for damaged files.
 */
export const openFeed = async (options: FeedOptions): Promise<FeedSource> => (await openLocalFeed(options)).feed;

/**
 * One of several servers of a feed: all give the same steps, one of them writes the log of the mixture. Call `announce`
 * once it listens. Errors: as `openFeed`, and for a bucket whose puts know no conditions.
 */
export async function openSharedFeed(options: SharedFeedOptions): Promise<SharedFeed> {
  const state = await openState(options.state);
  const begun = await readBegun(state);
  const { parts, header } = await feedParts(options, begun?.header ?? null);
  const { id: feed, header: first } = begun ?? (await begin(state, header));
  checkHeader(first, parts.mix, parts.seed, parts.lag, header.sequences, begunPlace(state));
  const id = newServerId();
  const log = new SharedLog(state, id, parts.mix, parts.lag);
  return new SharedFeed(new Feed({ ...parts, log, feed }), log, state, id, options);
}

export interface LocalFeedOptions extends Omit<FeedOptions, 'scheduler'> {
  /** Or what makes it of the names of the domains. */
  readonly scheduler: Scheduler | ((domains: readonly string[]) => Scheduler);
  /** Put before the names of the domains of a store, by its folder. */
  readonly prefixes?: ReadonlyMap<string, string>;
  /** Documents that are never drawn; needs stores that are finished. Default: all are drawn. */
  readonly holdOut?: HoldOutOptions;
  /** Documents that are not held out, since a model has seen them before. Default: none. */
  readonly known?: (document: StoredDocument) => boolean;
}

/** A feed in this process, for a trainer in this process: with documents that it never gives out. */
export interface LocalFeed {
  readonly feed: Feed;
  readonly stores: Stores;
  readonly heldOut: readonly HeldOutDocument[];
}

/** The same with held-out documents. Errors: as `openFeed`, and for a run in work where some are to be held out. */
export async function openLocalFeed(options: LocalFeedOptions): Promise<LocalFeed> {
  const before = await readMixture(options.state);
  const { parts, header, heldOut } = await feedParts(options, before?.header ?? null);
  const log = await openMixture(options.state, parts.mix, header);
  return { feed: new Feed({ ...parts, log }), stores: parts.stores, heldOut };
}

/** All of a feed but its log. @param before what it was begun with, where it goes on */
async function feedParts(options: LocalFeedOptions, before: LogHeader | null) {
  const { contextLength, windowSplits = DEFAULT_WINDOW, packing = 'concat', cacheBytes = DEFAULT_CACHE } = options;
  const stores = await openStores(options.stores, options.sink ?? null, options.prefixes);
  const sequences = new Sequences({ contextLength, packing, windowSplits, cacheBytes });
  const { splits, heldOut } = await heldOutOf(stores, options);
  await sequences.extend(splits, stores.done);
  const names = before?.facts.domains.map((d) => d.name) ?? domainNames(options, stores, sequences);
  const scheduler = typeof options.scheduler === 'function' ? options.scheduler(names) : options.scheduler;
  const mix = mixOf(
    scheduler,
    {
      domains: names.map((name) => factsOf(name, sequences)),
      contextLength,
      sequencesPerStep: options.sequencesPerStep,
      steps: options.steps ?? null,
    },
    { maxEpochs: options.maxEpochs },
  );
  const { seed = 0, lag = DEFAULT_LAG, pollMs = DEFAULT_POLL_MS } = options;
  const kinds = {
    window: windowSplits,
    packing,
    tokenizer: stores.vocabulary.hash,
    run: stores.hashes,
    ...(options.holdOut && { 'held-out documents': { ...options.holdOut } }),
  };
  const header = logHeader(mix, seed, lag, kinds);
  return { parts: { scheduler, pollMs, stores, sequences, mix, seed, lag }, header, heldOut };
}

async function heldOutOf(stores: Stores, { holdOut: options, known }: LocalFeedOptions) {
  if (options === undefined) return { splits: stores.splits, heldOut: [] };
  if (stores.done) return holdOut(stores.splits, options, known);
  throw new ConfigError({
    expected: 'finished runs, since documents are held out',
    got: 'one that still works',
    where: stores.paths.join(', '),
    fix: 'Wait for its end.',
  });
}

function domainNames({ domains }: LocalFeedOptions, stores: Stores, sequences: Sequences): string[] {
  if (domains === undefined) {
    if (stores.done && sequences.domains.length > 0) return [...sequences.domains].sort();
    if (stores.done)
      throw new ConfigError({
        expected: 'a store with tokens',
        got: 'none: no document was kept',
        where: stores.paths.join(', '),
        fix: 'See what the run dropped, and why: sluice status, sluice sql.',
      });
    throw new ConfigError({
      expected: 'the names of the domains, since the run has not ended',
      got: 'none',
      where: stores.paths.join(', '),
      fix: 'Give weights, as in --weights web=0.7,code=0.3, or wait for the end of the run.',
    });
  }
  const stranger = stores.done ? domains.find((d) => !sequences.domains.includes(d)) : undefined;
  if (stranger !== undefined)
    throw new ConfigError({
      expected: `a domain of the stores: ${[...sequences.domains].sort().join(', ')}`,
      got: stranger,
      where: stores.paths.join(', '),
    });
  return [...domains].sort();
}

/** Totals are known at the end of a run only. */
const factsOf = (name: string, sequences: Sequences): DomainFacts => ({
  name,
  tokens: sequences.done ? sequences.tokens(name) : null,
  sequences: sequences.done ? sequences.count(name) : null,
});

import { ConfigError } from '../../errors.ts';
import { epochOrder, type Place } from '../../mixture/epochs.ts';
import { type LogLine, weightsLine } from '../../mixture/log.ts';
import { type DrawnStep, type Mix, type MixOptions, type MixState, mixOf } from '../../mixture/mix.ts';
import type { DomainFacts, Scheduler } from '../../mixture/scheduler.ts';
import type {
  Asked,
  FeedFacts,
  FeedSequence,
  FeedSource,
  FeedStatus,
  FeedStep,
  Pulled,
} from '../../sinks/feed/source.ts';
import { type CutOptions, Sequences } from '../../streams/tokens/sequences.ts';
import { tokenArray } from '../../streams/tokens/token-kind.ts';
import { type MixtureFile, openMixture, readMixture } from './mixture-file.ts';
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

/** Steps between two lines of counters: seeking to a step draws at most so many again. */
const COUNTERS_EVERY = 64;
/** Steps whose slots are kept, for ranks that ask one after the other. */
const KEPT_STEPS = 256;
const DEFAULT_LAG = 8;
const DEFAULT_WINDOW = 8;
const DEFAULT_CACHE = 64 * 1024 * 1024;
const DEFAULT_POLL_MS = 250;

/**
 * The sequences of every global step as a function of the stores, the scheduler and the losses posted. Errors:
 * ConfigError for options that cannot be, stores that do not fit together, and a folder that belongs to another feed;
 * InputError for damaged files.
 */
export async function openFeed(options: FeedOptions): Promise<FeedSource> {
  const { contextLength, windowSplits = DEFAULT_WINDOW, packing = 'concat', cacheBytes = DEFAULT_CACHE } = options;
  const stores = await openStores(options.stores, options.sink ?? null);
  const sequences = new Sequences({ contextLength, packing, windowSplits, cacheBytes });
  await sequences.extend(stores.splits, stores.done);
  const before = await readMixture(options.state);
  const names = before?.header?.facts.domains.map((d) => d.name) ?? domainNames(options, stores, sequences);
  const mix = mixOf(
    options.scheduler,
    {
      domains: names.map((name) => factsOf(name, sequences)),
      contextLength,
      sequencesPerStep: options.sequencesPerStep,
      steps: options.steps ?? null,
    },
    { maxEpochs: options.maxEpochs },
  );
  const { seed = 0, lag = DEFAULT_LAG } = options;
  const log = await openMixture(options.state, mix, seed, lag);
  return new Feed({ options, stores, sequences, mix, log, seed, lag });
}

function domainNames({ domains }: FeedOptions, stores: Stores, sequences: Sequences): string[] {
  if (domains === undefined) {
    if (stores.done) return [...sequences.domains].sort();
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

interface FeedParts {
  readonly options: FeedOptions;
  readonly stores: Stores;
  readonly sequences: Sequences;
  readonly mix: Mix;
  readonly log: MixtureFile;
  readonly seed: number;
  readonly lag: number;
}

type Order = (ordinal: number) => Place | null;

class Feed implements FeedSource {
  readonly facts: FeedFacts;
  #p: FeedParts;
  #orders: (Order | null)[] = [];
  /** States before steps that were drawn lately. */
  #states = new Map<number, MixState>();
  #drawn = new Map<number, DrawnStep>();
  /** Steps below it have their lines in the log. */
  #logged: number;
  #last: Promise<unknown> = Promise.resolve();
  #polled = 0;
  #polling: Promise<void> | null = null;
  #wake: (() => void)[] = [];
  #closed = false;

  constructor(parts: FeedParts) {
    this.#p = parts;
    this.#logged = parts.log.logged;
    const { options, stores, mix, seed, lag } = parts;
    this.facts = {
      domains: mix.facts.domains.map((d) => d.name),
      contextLength: mix.facts.contextLength,
      sequencesPerStep: mix.facts.sequencesPerStep,
      steps: mix.facts.steps,
      packing: parts.sequences.options.packing,
      scheduler: { name: options.scheduler.name, version: options.scheduler.version },
      needsLosses: options.scheduler.needsLosses,
      lag,
      seed,
      tokenizer: stores.tokenizer,
      vocabulary: stores.vocabulary,
      stores: stores.paths,
    };
  }

  async pull({ from, count, stride, rank, world }: Asked, until: AbortSignal): Promise<Pulled> {
    const steps: FeedStep[] = [];
    for (let step = from; step < from + count * stride; step += stride) {
      if (this.facts.steps !== null && step >= this.facts.steps)
        return { steps, waitsFor: null, ended: `all ${this.facts.steps} planned steps are done` };
      // A trainer may need the first step for the losses that the next one waits for.
      const patience = steps.length > 0 ? AbortSignal.abort() : until;
      const drawn = await this.#draw(step, patience);
      if (typeof drawn === 'string') return { steps, waitsFor: drawn, ended: null };
      if (drawn.ended !== null) return { steps, waitsFor: null, ended: drawn.ended };
      const sequences = await this.#read(drawn, rank, world, patience);
      if (typeof sequences === 'string') return { steps, waitsFor: sequences, ended: null };
      steps.push({ step, sequences, weights: drawn.state.weights });
    }
    return { steps, waitsFor: null, ended: null };
  }

  async post(step: number, losses: Readonly<Record<string, number | null>>): Promise<void> {
    const { mix, log } = this.#p;
    const stranger = Object.keys(losses).find((d) => !this.facts.domains.includes(d));
    if (stranger !== undefined)
      throw new ConfigError({
        expected: `losses of ${this.facts.domains.join(', ')}`,
        got: `one of ${stranger}`,
        where: `losses of step ${step}`,
      });
    const values = mix.facts.domains.map(({ name }) => (Object.hasOwn(losses, name) ? losses[name] : null));
    await this.#alone(async () => {
      const posted = log.history.post(step, values);
      if (posted === null) return;
      await log.append([posted.line]);
      this.#forget(posted.redrawFrom);
    });
    this.#woken();
  }

  async rewind(step: number): Promise<void> {
    await this.#alone(async () => {
      const posted = this.#p.log.history.rewind(step);
      await this.#p.log.append([posted.line]);
      this.#forget(posted.redrawFrom);
    });
  }

  async status(): Promise<FeedStatus> {
    const { stores, sequences, mix } = this.#p;
    await this.#refresh();
    const step = Math.max(0, ...this.#drawn.keys());
    const state = this.#drawn.get(step)?.state ?? null;
    return {
      step: state === null ? 0 : step + 1,
      stores: { planned: stores.planned, committed: stores.splits.length, done: stores.done },
      domains: mix.facts.domains.map(({ name }, i) => ({
        domain: name,
        weight: state?.weights[i] ?? null,
        drawn: state?.drawn[i] ?? 0,
        sequences: stores.done ? sequences.count(name) : null,
        tokens: sequences.tokens(name),
        epochs: stores.done && sequences.count(name) > 0 ? (state?.drawn[i] ?? 0) / sequences.count(name) : null,
      })),
      /** In the stores, and given no weight. */
      unused: sequences.domains.filter((d) => !this.facts.domains.includes(d)),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#woken();
    await this.#last;
    this.#p.sequences.close();
    await this.#p.log.close();
  }

  /** Void after other losses came for a step. */
  #forget(from: number | null): void {
    if (from === null) return;
    for (const step of this.#states.keys()) if (step > from) this.#states.delete(step);
    for (const step of this.#drawn.keys()) if (step >= from) this.#drawn.delete(step);
    this.#logged = Math.min(this.#logged, from);
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work);
    // Whoever waits for the result is told; those behind go on.
    this.#last = next.catch(() => {});
    return next;
  }

  /** The step with its slots; or what it waits for, when that has not come before `until`. */
  async #draw(step: number, until: AbortSignal): Promise<DrawnStep | string> {
    for (;;) {
      const known = this.#drawn.get(step);
      if (known) return known;
      const waits = await this.#alone(() => this.#drawUpTo(step));
      if (typeof waits !== 'string') return waits;
      if (until.aborted || this.#closed) return waits;
      await this.#woken$(until);
    }
  }

  async #drawUpTo(step: number): Promise<DrawnStep | string> {
    const { log } = this.#p;
    let state = this.#states.get(step) ?? this.#drawn.get(step - 1)?.state ?? log.history.stateAt(step);
    if ('waitsFor' in state) return `the losses of step ${state.waitsFor}`;
    if (state.step < step) return log.history.draw(state) as DrawnStep;
    const drawn = log.history.draw(state);
    if ('waitsFor' in drawn) return `the losses of step ${drawn.waitsFor}`;
    if (drawn.ended !== null) return drawn;
    await this.#log(step, state, drawn.state);
    this.#keep(step, drawn);
    state = drawn.state;
    return drawn;
  }

  /** What says how a step was drawn, before anybody gets it. */
  async #log(step: number, before: MixState, after: MixState): Promise<void> {
    if (step < this.#logged) return;
    this.#logged = step + 1;
    const lines: LogLine[] = [];
    const weights = weightsLine(step === 0 ? null : before, after);
    if (weights) lines.push(weights);
    if (after.step % COUNTERS_EVERY === 0) lines.push({ type: 'counters', state: after });
    for (const line of lines) this.#p.log.history.record(line);
    await this.#p.log.append(lines);
  }

  #keep(step: number, drawn: DrawnStep): void {
    this.#drawn.set(step, drawn);
    this.#states.set(step + 1, drawn.state);
    for (const old of this.#drawn.keys()) {
      if (this.#drawn.size <= KEPT_STEPS) break;
      this.#drawn.delete(old);
      this.#states.delete(old + 1);
    }
  }

  async #read(drawn: DrawnStep, rank: number, world: number, until: AbortSignal): Promise<FeedSequence[] | string> {
    const { sequences, stores, mix } = this.#p;
    const array = tokenArray(stores.vocabulary);
    const { lossWeights } = drawn.state;
    const read: FeedSequence[] = [];
    for (let slot = rank; slot < drawn.slots.length; slot += world) {
      const { domain, ordinal } = drawn.slots[slot];
      const place = await this.#place(domain, ordinal, until);
      if (typeof place === 'string') return place;
      const ids = new array(mix.facts.contextLength);
      if (stores.vocabulary.endOfText !== null) ids.fill(stores.vocabulary.endOfText);
      const facts = await sequences.read(this.facts.domains[domain], place.index, ids);
      read.push({ slot, domain, ...place, ids, lossWeight: lossWeights?.[domain] ?? 1, ...facts });
    }
    return read;
  }

  /** Where a draw lies; waits for a run that has not committed it yet. */
  async #place(domain: number, ordinal: number, until: AbortSignal): Promise<Place | string> {
    for (;;) {
      const place = this.#order(domain)(ordinal);
      if (place !== null) return place;
      const name = this.facts.domains[domain];
      const { stores, sequences } = this.#p;
      if (stores.done && sequences.done)
        throw new ConfigError({
          expected: `sequences of the domain ${name}, which has a weight`,
          got: 'none: it has no tokens',
          where: stores.paths.join(', '),
          fix: 'Take it out of the weights, and start the feed with another --state.',
        });
      if (until.aborted || this.#closed) return `more of the domain ${name}: the run has not committed it yet`;
      await this.#refresh();
    }
  }

  #order(domain: number): Order {
    const known = this.#orders[domain];
    if (known) return known;
    const { sequences, seed } = this.#p;
    const name = this.facts.domains[domain];
    const order = epochOrder({
      seed,
      domain: name,
      windows: sequences.windows(name).slice(1),
      sequences: sequences.done ? sequences.count(name) : null,
    });
    this.#orders[domain] = order;
    return order;
  }

  /** Looks at runs in work, at most every `pollMs`, once for all who wait. */
  async #refresh(): Promise<void> {
    if (this.#p.sequences.done) return;
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = null;
    });
    return this.#polling;
  }

  async #poll(): Promise<void> {
    const { stores, sequences, options } = this.#p;
    const wait = this.#polled + (options.pollMs ?? DEFAULT_POLL_MS) - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    this.#polled = performance.now();
    if (!(await stores.refresh())) return;
    await sequences.extend(stores.splits, stores.done);
    this.#orders = [];
  }

  #woken(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Until something was posted, or time is up. */
  #woken$(until: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        until.removeEventListener('abort', wake);
        resolve();
      };
      until.addEventListener('abort', wake);
      this.#wake.push(wake);
    });
  }
}

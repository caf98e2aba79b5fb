import { ConfigError } from '../../errors.ts';
import { epochOrder, type Place } from '../../mixture/epochs.ts';
import type { DrawnStep, Mix } from '../../mixture/mix.ts';
import type { Scheduler } from '../../mixture/scheduler.ts';
import type {
  Asked,
  FeedFacts,
  FeedSequence,
  FeedSource,
  FeedStatus,
  FeedStep,
  Pulled,
} from '../../sinks/feed/source.ts';
import type { TokenRange } from '../../streams/tokens/pieces.ts';
import type { Sequences } from '../../streams/tokens/sequences.ts';
import { tokenArray } from '../../streams/tokens/token-kind.ts';
import { Drawing, type Snapshot } from './drawing.ts';
import type { MixtureFile } from './mixture-file.ts';
import type { Stores } from './stores.ts';

/** What a feed is made of. */
export interface FeedParts {
  readonly scheduler: Scheduler;
  /** How often a run in work is looked at. */
  readonly pollMs: number;
  readonly stores: Stores;
  readonly sequences: Sequences;
  readonly mix: Mix;
  readonly log: MixtureFile;
  readonly seed: number;
  readonly lag: number;
  /** Of a feed that several servers serve. */
  readonly feed?: string;
}

type Order = (ordinal: number) => Place | null;

/** One for all: each that is made costs a stack trace. */
const NOT_AT_ALL = AbortSignal.abort();

/** A feed in this process. */
export class Feed implements FeedSource {
  readonly facts: FeedFacts;
  #p: FeedParts;
  #drawing: Drawing;
  #orders: (Order | null)[] = [];
  #polled = 0;
  #polling: Promise<void> | null = null;
  #ended: { readonly step: number; readonly why: string } | null = null;

  constructor(parts: FeedParts) {
    this.#p = parts;
    this.#drawing = new Drawing(parts.log);
    const { scheduler, stores, mix, seed, lag } = parts;
    this.facts = {
      domains: mix.facts.domains.map((d) => d.name),
      contextLength: mix.facts.contextLength,
      sequencesPerStep: mix.facts.sequencesPerStep,
      steps: mix.facts.steps,
      packing: parts.sequences.options.packing,
      scheduler: { name: scheduler.name, version: scheduler.version },
      needsLosses: scheduler.needsLosses,
      lag,
      seed,
      tokenizer: stores.tokenizer,
      vocabulary: stores.vocabulary,
      stores: stores.paths,
      ...(parts.feed !== undefined && { feed: parts.feed }),
    };
  }

  /** Of one of several servers. */
  get drawing(): Drawing {
    return this.#drawing;
  }

  async pull({ from, count, stride, rank, world, ids = true }: Asked, until: AbortSignal): Promise<Pulled> {
    const steps: FeedStep[] = [];
    for (let step = from; step < from + count * stride; step += stride) {
      if (this.facts.steps !== null && step >= this.facts.steps)
        return { steps, waitsFor: null, ended: this.#allDone(this.facts.steps) };
      // A trainer may need the first step for the losses that the next one waits for.
      const patience = steps.length > 0 ? NOT_AT_ALL : until;
      const look = this.facts.needsLosses && steps.length === 0;
      const drawn = await this.#drawing.draw(step, patience, look);
      if (typeof drawn === 'string') return { steps, waitsFor: drawn, ended: null };
      if (drawn.ended !== null) {
        this.#ended = { step: drawn.state.step, why: drawn.ended };
        return { steps, waitsFor: null, ended: drawn.ended };
      }
      const sequences = await this.#read(drawn, { rank, world, ids }, patience);
      if (typeof sequences === 'string') return { steps, waitsFor: sequences, ended: null };
      steps.push({ step, sequences, weights: drawn.state.weights });
    }
    return { steps, waitsFor: null, ended: null };
  }

  async post(step: number, losses: Readonly<Record<string, number | null>>): Promise<void> {
    const { domains } = this.facts;
    const stranger = Object.keys(losses).find((d) => !domains.includes(d));
    if (stranger !== undefined)
      throw new ConfigError({
        expected: `losses of ${domains.join(', ')}`,
        got: `one of ${stranger}`,
        where: `losses of step ${step}`,
      });
    await this.#drawing.post(
      step,
      domains.map((name) => (Object.hasOwn(losses, name) ? losses[name] : null)),
    );
  }

  rewind(step: number): Promise<void> {
    return this.#drawing.rewind(step);
  }

  /** What the steps from one on are drawn by: a trainer keeps it with its weights. */
  snapshot(step: number): Promise<Snapshot> {
    return this.#drawing.snapshot(step, this.facts.lag);
  }

  /** Goes on from a snapshot, whatever was drawn or posted after it. */
  restore(snapshot: Snapshot): Promise<void> {
    return this.#drawing.restore(snapshot);
  }

  async status(): Promise<FeedStatus> {
    const { stores, sequences, mix } = this.#p;
    await this.#refresh();
    const { state } = this.#drawing;
    return {
      step: state?.step ?? 0,
      certain: this.#drawing.certain,
      ended: this.#endedAt(state?.step ?? 0),
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

  #allDone = (steps: number): string => `all ${steps} planned steps are done`;

  /** A trainer that goes back makes more of a feed that had ended. */
  #endedAt(step: number): string | null {
    if (this.facts.steps !== null && step >= this.facts.steps) return this.#allDone(this.facts.steps);
    return this.#ended !== null && this.#ended.step <= step ? this.#ended.why : null;
  }

  /** Where the tokens stand that the steps before one are made of, those of a sequence together. */
  async *drawnBefore(step: number): AsyncGenerator<readonly TokenRange[]> {
    const { drawn } = (await this.snapshot(step)).state;
    const { sequences, stores } = this.#p;
    const nothing = new (tokenArray(stores.vocabulary))(0);
    for (const [domain, name] of this.facts.domains.entries())
      for (let ordinal = 0; ordinal < Math.min(drawn[domain], sequences.count(name)); ordinal++)
        yield (await sequences.read(name, this.#order(domain)(ordinal)!.index, nothing)).ranges;
  }

  async close(): Promise<void> {
    await this.#drawing.close();
    this.#p.sequences.close();
  }

  async #read(
    drawn: DrawnStep,
    { rank, world, ids: wanted }: Pick<Asked, 'rank' | 'world' | 'ids'>,
    until: AbortSignal,
  ): Promise<FeedSequence[] | string> {
    const { sequences, stores, mix } = this.#p;
    const array = tokenArray(stores.vocabulary);
    const { lossWeights } = drawn.state;
    const read: FeedSequence[] = [];
    for (let slot = rank; slot < drawn.slots.length; slot += world) {
      const { domain, ordinal } = drawn.slots[slot];
      const place = await this.#place(domain, ordinal, until);
      if (typeof place === 'string') return place;
      const ids = new array(wanted ? mix.facts.contextLength : 0);
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
      if (until.aborted || this.#drawing.closed) return `more of the domain ${name}: the run has not committed it yet`;
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
    const { stores, sequences, pollMs } = this.#p;
    const wait = this.#polled + pollMs - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    this.#polled = performance.now();
    if (!(await stores.refresh())) return;
    await sequences.extend(stores.splits, stores.done);
    this.#orders = [];
  }
}

import { NO_TARGET, PADDING_SEGMENT } from '../models/scorers/scoring-graph.ts';
import type { Tensor } from '../models/tensor.ts';
import type { Json } from '../streams/operator.ts';

/** One row that a step trains on: a feed gives them, and so may anything else. */
export interface TrainingSequence {
  /** Place of its domain in the source's `domains`. */
  readonly domain: number;
  readonly epoch: number;
  /** Number within its domain. */
  readonly index: number;
  /** As many ids as a context holds, or fewer. */
  readonly ids: ArrayLike<number>;
  /** Ids that count; the rest is padding. */
  readonly length: number;
  /** The id after the last; -1: none. */
  readonly next: number;
  /** Where documents, or stretches of them, begin; the first is 0. */
  readonly starts: readonly number[];
  /** Factor on its loss. */
  readonly lossWeight: number;
}

/** All sequences of one step, with the share of the draw that each domain had. */
export interface TrainingStep {
  readonly step: number;
  readonly sequences: readonly TrainingSequence[];
  readonly weights: readonly number[];
}

/** Steps in order: fewer than were asked for where `ended` says why there are no more. */
export interface PulledSteps {
  readonly steps: readonly TrainingStep[];
  readonly ended: string | null;
}

/**
 * Where the loop gets its sequences from, and where its losses go. Step s must hold the same sequences whenever it is
 * asked for, as long as the losses that were posted are the same.
 */
export interface TrainingSource {
  /** Losses, weights and sequences count domains in this order. */
  readonly domains: readonly string[];
  /** Tokens of a sequence. */
  readonly contextLength: number;
  /** Rows of a step. */
  readonly sequencesPerStep: number;
  /** Steps `from` on, `count` at most; waits for what is not there yet until it is told to stop. */
  pull(from: number, count: number, until: AbortSignal): Promise<PulledSteps>;
  /** Mean loss of each domain in a step, in nats a token; null where it held none. Left out: nobody reads them. */
  post?(step: number, losses: Readonly<Record<string, number | null>>): Promise<void>;
  /** All that the sequences from a step on depend on, beside the source itself, as JSON for a checkpoint. */
  snapshot?(step: number): Promise<Json>;
}

/** Feeds of a training graph but for those of the optimizer. */
export type Feeds = Map<string, Tensor>;

/**
 * Sequences as rows of feeds. Nothing is seen across the beginning of a document. Where the token before it is `start`,
 * which begins a document for the model, the document begins there. The first token of a document is a target only
 * where it is `start`, which the document before it predicts as its end.
 *
 * @param rows of the graph; those without a sequence are padding
 * @param length of a row
 * @param start null: the model has none
 */
export function sequenceFeeds(
  sequences: readonly TrainingSequence[],
  rows: number,
  length: number,
  start: number | null,
): Feeds {
  const size = rows * length;
  const tokens = new Int32Array(size);
  const positions = new Int32Array(size);
  const segments = new Int32Array(size).fill(PADDING_SEGMENT);
  const targets = new Int32Array(size).fill(NO_TARGET);
  const weights = new Float32Array(size);
  sequences.forEach(({ ids, length: own, next, starts, lossWeight }, row) => {
    const known = new Set(starts);
    const begins = (i: number): boolean => ids[i] === start || (known.has(i) && ids[i - 1] !== start);
    let [segment, position] = [0, 0];
    for (let i = 0; i < own && i < length; i++) {
      const at = row * length + i;
      if (i > 0 && begins(i)) {
        segment++;
        position = 0;
      }
      tokens[at] = ids[i];
      positions[at] = position++;
      segments[at] = segment;
      const target = i + 1 < own ? ids[i + 1] : next;
      if (target < 0 || (i + 1 < own && begins(i + 1) && target !== start)) continue;
      targets[at] = target;
      weights[at] = lossWeight;
    }
  });
  const shape = [rows, length];
  return new Map<string, Tensor>([
    ['tokens', { shape, data: tokens }],
    ['positions', { shape, data: positions }],
    ['segments', { shape, data: segments }],
    ['targets', { shape, data: targets }],
    ['target_weights', { shape, data: weights }],
  ]);
}

/** Tokens of a step, padding left out. */
export const tokensOf = ({ sequences }: TrainingStep): number => sequences.reduce((n, s) => n + s.length, 0);

/**
 * Mean negative log-likelihood of each domain in a step, in nats a token; null where the step had none of it. The
 * factors on losses do not count.
 * @param rows sum of the nll and number of targets, of each sequence in order
 */
export function lossesByDomain(
  { sequences }: TrainingStep,
  domains: readonly string[],
  rows: readonly { readonly nll: number; readonly targets: number }[],
): Readonly<Record<string, number | null>> {
  const sums = new Float64Array(domains.length);
  const counts = new Float64Array(domains.length);
  sequences.forEach(({ domain }, row) => {
    sums[domain] += rows[row].nll;
    counts[domain] += rows[row].targets;
  });
  return Object.fromEntries(domains.map((name, i) => [name, counts[i] > 0 ? sums[i] / counts[i] : null]));
}

/** A step in words, for an error: which sequences of which domains it trained on. */
export function nameOfStep({ sequences }: TrainingStep, domains: readonly string[]): string {
  const named = sequences.map((s) => `${domains[s.domain]} ${s.index} (epoch ${s.epoch})`);
  const more = named.length - MOST_NAMED;
  return more > 0 ? `${named.slice(0, MOST_NAMED).join(', ')} and ${more} more` : named.join(', ');
}

const MOST_NAMED = 16;

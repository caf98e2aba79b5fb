import { ConfigError } from '../errors.ts';
import { nextDomain } from './draw.ts';
import type { Decision, Facts, Json, MixtureEvent, Scheduler } from './scheduler.ts';
import { checkedLossWeights, checkedWeights } from './weights.ts';

export interface MixOptions {
  /** Epochs that a domain may be drawn for, 1 or more: for all, or by name. After them its weight counts as 0. */
  readonly maxEpochs?: number | { readonly [domain: string]: number };
}

/** What a mixture is made of; the same for the whole feed. */
export interface Mix {
  readonly scheduler: Scheduler;
  readonly facts: Facts;
  /** Sequences of each domain that may be drawn, `null` without a limit. */
  readonly limits: readonly (number | null)[];
}

/** All that drawing the next step depends on, as JSON; arrays are in the order of the domains. */
export interface MixState {
  /** The next step to draw. Losses that act on this step have not been applied yet. */
  readonly step: number;
  /** Sequences drawn. */
  readonly drawn: readonly number[];
  /** Sum of the weights over all slots so far, less the sequences drawn. */
  readonly owed: readonly number[];
  /** As the scheduler last gave them, divided by their sum. */
  readonly weights: readonly number[];
  /** Factors on losses; `null` where the scheduler gives none. */
  readonly lossWeights: readonly number[] | null;
  readonly scheduler: Json;
}

/** One sequence of a step. */
export interface Slot {
  readonly domain: number;
  /** Which draw of this domain it is, from 0, over the whole feed. */
  readonly ordinal: number;
}

export interface DrawnStep {
  /** In slot order, `sequencesPerStep` of them; none where the feed has ended. */
  readonly slots: readonly Slot[];
  /** The state after the step, with the weights that the step was drawn by. */
  readonly state: MixState;
  /** Why there is no such step: what may still be drawn does not fill it. `null` where there is one. */
  readonly ended: string | null;
}

/**
 * A mixture, checked. Errors: ConfigError where the scheduler or a limit needs totals that are not known, and for a
 * limit that names no domain or is below 1.
 */
export function mixOf(scheduler: Scheduler, facts: Facts, { maxEpochs }: MixOptions = {}): Mix {
  const unknown = facts.domains.find((d) => d.tokens === null || d.sequences === null);
  if (unknown && (scheduler.needsTotals || maxEpochs !== undefined))
    throw new ConfigError({
      problem: `the total of the domain ${unknown.name} is not known yet`,
      expected: `the tokens of every domain, which ${scheduler.needsTotals ? scheduler.name : 'maxEpochs'} needs`,
      got: `no total for ${unknown.name}`,
      where: `scheduler ${scheduler.name}`,
      fix: 'Start the feed when curation has ended.',
    });
  return { scheduler, facts, limits: limitsOf(facts, maxEpochs) };
}

function limitsOf({ domains }: Facts, maxEpochs: MixOptions['maxEpochs']): (number | null)[] {
  const byName = typeof maxEpochs === 'object' ? maxEpochs : {};
  const stranger = Object.keys(byName).find((name) => !domains.some((d) => d.name === name));
  if (stranger !== undefined)
    throw new ConfigError({
      expected: `a domain: ${domains.map((d) => d.name).join(', ')}`,
      got: stranger,
      where: 'maxEpochs',
    });
  return domains.map(({ name, sequences }) => {
    const epochs = typeof maxEpochs === 'number' ? maxEpochs : Object.hasOwn(byName, name) ? byName[name] : undefined;
    if (epochs === undefined || sequences === null) return null;
    if (!(epochs >= 1)) throw new ConfigError({ expected: 'at least 1', got: `${epochs}`, where: `maxEpochs ${name}` });
    return Math.floor(epochs * sequences);
  });
}

/** What a scheduler is shown: without `needsTotals` no totals, so that it decides the same while curation runs. */
export function factsFor({ scheduler, facts }: Mix): Facts {
  if (scheduler.needsTotals) return facts;
  return { ...facts, domains: facts.domains.map(({ name }) => ({ name, tokens: null, sequences: null })) };
}

/** The state before step 0. Errors: ConfigError for weights that cannot be (see `checkedWeights`). */
export function startMix(mix: Mix): MixState {
  const zeros = mix.facts.domains.map(() => 0);
  return { step: 0, drawn: zeros, owed: zeros, ...decided(mix, mix.scheduler.start(factsFor(mix))) };
}

/** The losses of a step take effect: mean loss per token of each domain, `null` where the step held none of it. */
export function applyLosses(mix: Mix, state: MixState, step: number, losses: readonly (number | null)[]): MixState {
  if (!mix.scheduler.needsLosses) return state;
  return { ...state, ...next(mix, state, { type: 'losses', step, losses }) };
}

/**
 * Draws the step `state.step`. The scheduler is told of it, a domain that has had its epochs counts as weight 0 (also
 * from one slot to the next), and `nextDomain` says which domain each slot goes to. The feed ends before the first step
 * that what may still be drawn does not fill, so no step is short.
 */
export function drawStep(mix: Mix, before: MixState): DrawnStep {
  const { facts, limits } = mix;
  // As the scheduler sees them: where it sees no totals, it must decide the same before and after they are known.
  const epochs = factsFor(mix).domains.map((d, i) => (d.sequences ? Math.floor(before.drawn[i] / d.sequences) : 0));
  const event = { type: 'step', step: before.step, drawn: before.drawn, epochs } as const;
  const decision = next(mix, before, event);
  const [drawn, owed] = [[...before.drawn], [...before.owed]];
  const left = drawn.map((n, i) => (limits[i] === null ? Number.POSITIVE_INFINITY : limits[i] - n));
  let weights = unlessEmpty(decision.weights, left);
  const fillable = left.reduce((sum, n, i) => (weights[i] > 0 ? sum + n : sum), 0);
  if (fillable < facts.sequencesPerStep)
    return {
      slots: [],
      state: before,
      ended:
        `every domain with a weight has been drawn for all its epochs: ${fillable} sequences are left, ` +
        `fewer than the ${facts.sequencesPerStep} of a step`,
    };
  const slots: Slot[] = [];
  for (let slot = 0; slot < facts.sequencesPerStep; slot++) {
    for (let i = 0; i < owed.length; i++) owed[i] += weights[i];
    const domain = nextDomain(owed, weights);
    owed[domain] -= 1;
    slots.push({ domain, ordinal: drawn[domain]++ });
    if (--left[domain] === 0) weights = unlessEmpty(weights, left);
  }
  return { slots, state: { step: before.step + 1, drawn, owed, ...decision }, ended: null };
}

/** The weights of domains that have something left, divided by their sum; all 0 where none has. */
function unlessEmpty(weights: readonly number[], left: readonly number[]): readonly number[] {
  if (!weights.some((w, i) => w > 0 && left[i] <= 0)) return weights;
  const kept = weights.map((w, i) => (left[i] > 0 ? w : 0));
  const sum = kept.reduce((a, b) => a + b, 0);
  return sum > 0 ? kept.map((w) => w / sum) : kept;
}

type Decided = Pick<MixState, 'weights' | 'lossWeights' | 'scheduler'>;

const next = (mix: Mix, state: MixState, event: MixtureEvent): Decided =>
  decided(mix, mix.scheduler.next(state.scheduler, event, factsFor(mix)));

const decided = ({ scheduler, facts }: Mix, { weights, lossWeights, state }: Decision<Json>): Decided => ({
  weights: checkedWeights(scheduler.name, facts, weights),
  lossWeights: checkedLossWeights(scheduler.name, facts, lossWeights),
  scheduler: state,
});

import type { Mix } from './mix.ts';
import { factsFor, mixOf } from './mix.ts';
import type { Decision, Json, Scheduler } from './scheduler.ts';
import { checkedWeights } from './weights.ts';

/** Steps in a row with the same weights. Arrays are in the order of the domains. */
export interface PlannedPhase {
  readonly from: number;
  /** The step after its last. */
  readonly to: number;
  readonly weights: readonly number[];
  readonly lossWeights: readonly number[] | null;
  /** Tokens and epochs of each domain in it. */
  readonly tokens: readonly number[];
  readonly epochs: readonly number[];
}

export interface PlannedDomain {
  readonly name: string;
  /** Tokens of an epoch. */
  readonly unique: number;
  /** Tokens drawn. */
  readonly drawn: number;
  readonly share: number;
  readonly epochs: number;
  /** The step that first draws a sequence again; `null` where none is. */
  readonly firstRepeat: number | null;
}

export interface MixPlan {
  readonly scheduler: string;
  readonly contextLength: number;
  readonly sequencesPerStep: number;
  /** Fewer than planned where the feed ends before. */
  readonly steps: number;
  readonly planned: number;
  readonly tokens: number;
  readonly domains: readonly PlannedDomain[];
  readonly phases: readonly PlannedPhase[];
  /** It reads losses: the plan holds as long as its weights stay where they start. */
  readonly readsLosses: boolean;
}

/**
 * What a mixture draws in so many steps, before a token is spent: by the integral of the weights, from which the draws
 * themselves differ by about one sequence a domain. Totals must be known. Errors: as `mixOf` and `checkedWeights`.
 */
export function planMix(mix: Mix, steps: number): MixPlan {
  const { scheduler, facts, limits } = mix;
  const sizes = facts.domains.map((d) => d.sequences ?? 0);
  const perStep = facts.sequencesPerStep;
  const total = sizes.map(() => 0);
  const firstRepeat: (number | null)[] = sizes.map(() => null);
  const phases: { from: number; to: number; given: Decision<Json>; weights: number[]; drawn: number[] }[] = [];
  const shown = factsFor(mix);
  let decision: Decision<Json> = scheduler.start(shown);
  let step = 0;
  for (; step < steps; step++) {
    const drawn = total.map(Math.round);
    const epochs = drawn.map((n, i) => (sizes[i] > 0 ? Math.floor(n / sizes[i]) : 0));
    decision = scheduler.next(decision.state, { type: 'step', step, drawn, epochs }, shown);
    let phase = phases.at(-1);
    if (!phase || !sameDecision(phase.given, decision)) {
      const weights = checkedWeights(scheduler.name, facts, decision.weights);
      phase = { from: step, to: step, given: decision, weights, drawn: sizes.map(() => 0) };
      phases.push(phase);
    }
    const dealt = deal(phase.weights, total, limits, perStep);
    if (dealt === null) break;
    for (let i = 0; i < total.length; i++) {
      total[i] += dealt[i];
      phase.drawn[i] += dealt[i];
      // Less than half a sequence above is the rounding of a sum.
      if (firstRepeat[i] === null && dealt[i] > 0 && total[i] > sizes[i] + 0.5) firstRepeat[i] = step;
    }
    phase.to = step + 1;
  }
  const tokensOf = (sequences: number): number => Math.round(sequences) * facts.contextLength;
  const all = total.reduce((a, b) => a + Math.round(b), 0);
  const epochsOf = (drawn: readonly number[]) => drawn.map((n, i) => (sizes[i] > 0 ? Math.round(n) / sizes[i] : 0));
  return {
    scheduler: scheduler.name,
    contextLength: facts.contextLength,
    sequencesPerStep: perStep,
    steps: step,
    planned: steps,
    tokens: step * perStep * facts.contextLength,
    domains: facts.domains.map((d, i) => ({
      name: d.name,
      unique: d.tokens ?? 0,
      drawn: tokensOf(total[i]),
      share: all > 0 ? Math.round(total[i]) / all : 0,
      epochs: epochsOf(total)[i],
      firstRepeat: firstRepeat[i],
    })),
    phases: phases
      .filter((p) => p.to > p.from)
      .map((p) => ({
        from: p.from,
        to: p.to,
        weights: p.weights,
        lossWeights: p.given.lossWeights ?? null,
        tokens: p.drawn.map(tokensOf),
        epochs: epochsOf(p.drawn),
      })),
    readsLosses: scheduler.needsLosses,
  };
}

/** The plan of a scheduler for domains with these tokens. */
export function planFor(
  scheduler: Scheduler,
  tokens: { readonly [domain: string]: number },
  run: {
    readonly contextLength: number;
    readonly sequencesPerStep: number;
    readonly steps: number;
    readonly maxEpochs?: number;
    readonly difficulty?: { readonly [domain: string]: number };
  },
): MixPlan {
  const domains = Object.entries(tokens).map(([name, count]) => ({
    name,
    tokens: count,
    sequences: Math.floor(count / run.contextLength),
    ...(run.difficulty?.[name] !== undefined && { difficulty: run.difficulty[name] }),
  }));
  const { contextLength, sequencesPerStep, steps, maxEpochs } = run;
  const mix = mixOf(scheduler, { domains, contextLength, sequencesPerStep, steps }, { maxEpochs });
  return planMix(mix, steps);
}

const sameDecision = (a: Decision<Json>, b: Decision<Json>): boolean =>
  same(a.weights, b.weights) && same(a.lossWeights ?? [], b.lossWeights ?? []);
const same = (a: readonly number[], b: readonly number[]): boolean =>
  a === b || (a.length === b.length && a.every((x, i) => x === b[i]));

/** Sequences of each domain in a step, within what is left; `null` where that does not fill it. */
function deal(
  weights: readonly number[],
  total: readonly number[],
  limits: Mix['limits'],
  sequences: number,
): readonly number[] | null {
  const left = total.map((n, i) => (limits[i] === null ? Number.POSITIVE_INFINITY : Math.max(0, limits[i] - n)));
  const dealt = weights.map(() => 0);
  let rest = sequences;
  while (rest > 1e-9) {
    const sum = weights.reduce((s, w, i) => (left[i] > 1e-9 ? s + w : s), 0);
    if (sum === 0) return null;
    const part = rest;
    for (let i = 0; i < dealt.length; i++) {
      if (!(left[i] > 1e-9)) continue;
      const more = Math.min(left[i], (part * weights[i]) / sum);
      dealt[i] += more;
      left[i] -= more;
      rest -= more;
    }
  }
  return dealt;
}

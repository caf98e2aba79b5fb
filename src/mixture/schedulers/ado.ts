import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import { bounded, filledIn, shares, sizesOf } from '../by-domain.ts';
import type { PowerLaw } from '../power-law.ts';
import { fitPowerLaw, lossAt } from '../power-law.ts';
import type { Facts, Scheduler } from '../scheduler.ts';

const schema = z.strictObject({
  /** Steps after which the laws decide. */
  begin: z.int().min(1).default(1000),
  /** Steps at the start that are not fitted. */
  ignore: z.int().min(0).default(500),
  /** Steps between fits. */
  every: z.int().min(1).default(1000),
  /** Least share of a domain before the means over time. */
  least: z.number().min(0).max(1).default(0.01),
});
type Options = z.output<typeof schema>;

/** Points that a law is fitted on; each is a mean over as many steps as that takes. */
const POINTS = 128;

type Law = { readonly scale: number; readonly irreducible: number; readonly exponent: number };
type State = {
  /** Points so far: the step that each ends with, and the mean losses in it. */
  readonly ends: readonly number[];
  readonly means: readonly (readonly number[])[];
  readonly perPoint: number;
  /** The point that is being filled. */
  readonly sums: readonly number[];
  readonly filled: number;
  readonly last: readonly (number | null)[];
  readonly laws: readonly (Law | null)[] | null;
  /** What was drawn, as a mean that forgets; and the sequences drawn up to the last step. */
  readonly history: readonly number[];
  readonly drawn: readonly number[];
  readonly average: readonly number[];
  readonly weights: readonly number[];
};

/**
 * ADO (Jiang et al. 2024, "Adaptive data optimization: dynamic sample selection with scaling laws"): a power law of its
 * loss is fitted for each domain online, and a domain gets share * (what was drawn of it)^0.5 * how fast its loss falls
 * now, at least 1 %; the weights are 0.9 of the mean of that over time and 0.1 of it now. Formulas as in the authors'
 * code; 1,000 steps between fits and before the first, 500 not fitted, as in Mixtera's port. Of the losses, at most 128
 * means over time are kept and fitted, where they smooth every step (Savitzky and Golay, 101 steps) and fit every 10th:
 * the state stays small. Until the first fit it draws by size.
 */
export function ado(options: z.input<typeof schema> = {}): Scheduler<State> {
  const checked = parseOptions(schema, options, 'ado()');
  return {
    name: 'ado',
    version: 1,
    options: checked,
    needsTotals: true,
    needsLosses: true,
    start(facts) {
      const weights = shares(sizesOf(facts));
      const zeros = weights.map(() => 0);
      const state: State = {
        ...{ ends: [], means: [], perPoint: 10, sums: zeros, filled: 0, last: weights.map(() => null), laws: null },
        ...{ history: weights, drawn: zeros, average: weights, weights },
      };
      return { weights, state };
    },
    next(state, event, facts) {
      if (event.type === 'step') {
        const now = shares(event.drawn.map((n, i) => n - state.drawn[i]));
        const history = now.some((n) => n > 0) ? state.history.map((h, i) => 0.9 * h + 0.1 * now[i]) : state.history;
        const after = { ...state, history, drawn: event.drawn };
        return { weights: state.weights, state: after };
      }
      const after = decided(fitted(withLosses(state, event.step, event.losses, checked), event.step, facts, checked), {
        ...{ step: event.step, facts, options: checked },
      });
      return { weights: after.weights, state: after };
    },
  };
}

function withLosses(state: State, step: number, posted: readonly (number | null)[], { ignore }: Options): State {
  const last = filledIn(bounded(posted), state.last);
  if (step < ignore) return { ...state, last };
  const sums = state.sums.map((sum, i) => sum + last[i]);
  const filled = state.filled + 1;
  if (filled < state.perPoint) return { ...state, last, sums, filled };
  const ends = [...state.ends, step];
  const means = [...state.means, sums.map((sum) => sum / filled)];
  const point = { ...state, last, sums: sums.map(() => 0), filled: 0 };
  if (ends.length < POINTS) return { ...point, ends, means };
  // Two points become one, so that as many stay and reach as far back.
  return {
    ...point,
    perPoint: 2 * state.perPoint,
    ends: ends.filter((_, i) => i % 2 === 1),
    means: means.flatMap((mean, i) => (i % 2 === 1 ? [mean.map((m, j) => (m + means[i - 1][j]) / 2)] : [])),
  };
}

/** Steps of training on all domains, in sequences: what the authors count a domain's samples by. */
const samplesAt = (step: number, facts: Facts): number => (step + 1) * facts.sequencesPerStep;

function fitted(state: State, step: number, facts: Facts, { begin, every }: Options): State {
  if (step < begin || step % every !== 0 || state.ends.length < 3) return state;
  const samples = state.ends.map((end) => samplesAt(end, facts));
  const laws = facts.domains.map((d, i): PowerLaw | null => {
    const losses = state.means.map((mean) => mean[i]);
    const before = state.laws?.[i] ?? null;
    // A loss of 0 or less has no logarithm: the law stays what it was.
    return d.sequences && losses.every((loss) => loss > 0) ? fitPowerLaw(samples, losses, before ?? undefined) : before;
  });
  return { ...state, laws: laws as readonly (Law | null)[] };
}

/** The weights after a step, as `curr_dist` of the authors' code. */
function decided(state: State, at: { readonly step: number; readonly facts: Facts; readonly options: Options }): State {
  const { laws } = state;
  if (at.step < at.options.begin || laws === null) return state;
  const sizes = shares(sizesOf(at.facts));
  const { history, average } = state;
  const samples = samplesAt(at.step, at.facts);
  const next = adoStep({ sizes, laws, history, average, samples, step: at.step, least: at.options.least });
  return next === null ? state : { ...state, ...next };
}

/** One step of ADO's policy, given the laws. `null` where no loss falls any more. */
export function adoStep(now: {
  readonly sizes: readonly number[];
  readonly laws: readonly (PowerLaw | null)[];
  readonly history: readonly number[];
  readonly average: readonly number[];
  readonly samples: number;
  readonly step: number;
  readonly least: number;
}): { readonly weights: readonly number[]; readonly average: readonly number[] } | null {
  const falling = now.laws.map((law, i) => {
    if (law === null) return 0;
    const reducible = lossAt(law, now.samples) - Math.exp(law.irreducible);
    const slope = (Math.max(law.exponent, 0.05) * reducible) / now.samples;
    return slope * now.sizes[i] * Math.sqrt(now.history[i]);
  });
  if (!falling.some((f) => f > 0) || !falling.every(Number.isFinite)) return null;
  // Of so many domains that each cannot have the least, the others give way. An empty domain stays at 0.
  const room = 1 - Math.max(0, now.least * falling.length - 1);
  const lifted = shares(shares(falling).map((s, i) => (now.sizes[i] > 0 ? Math.max(s * room, now.least) : 0)));
  const weights = now.average.map((a, i) => 0.9 * a + 0.1 * lifted[i]);
  const part = 1 / (now.step + 1);
  return { weights, average: now.average.map((a, i) => (1 - part) * a + part * lifted[i]) };
}

import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import { parseOptions } from '../../options.ts';
import { bounded, byDomain, filledIn, inOrder, shares, softmax } from '../by-domain.ts';
import type { Decision, Facts, Scheduler } from '../scheduler.ts';

const schema = z.strictObject({
  /** `{ from: { to: weight } }`: how much training on a domain lowers the loss of another; 1 to itself unless given. */
  graph: z.record(z.string(), byDomain).default({}),
  eta: z.number().positive().default(0.5),
  /** Evaluations that an update looks back on. */
  window: z.int().min(1).default(3),
  /** Steps between updates: 1,000, or a sixth of the planned steps where those are fewer than 6,000. */
  every: z.int().min(1).optional(),
  /** Steps whose mean losses are one evaluation; a 20th of `every`. */
  evaluateEvery: z.int().min(1).optional(),
  /** What every update starts from again; equal by default. */
  prior: byDomain.optional(),
  /** Only the losses of these domains count; then the window is averaged and not summed. */
  targets: z.array(z.string()).min(1).optional(),
  /** Divide losses by those at the start. */
  normalize: z.boolean().default(false),
  /** Raise eta as the losses fall. */
  etaSchedule: z.boolean().default(false),
  /** Halve the weights between different domains after each update. */
  halve: z.boolean().default(false),
  /** Domains without an edge keep the weight 1 / domains. */
  pinIsolated: z.boolean().default(false),
});
type Options = z.output<typeof schema>;

type State = {
  readonly weights: readonly number[];
  /** Sum and number of the losses since the last evaluation. */
  readonly sums: readonly number[];
  readonly counts: readonly number[];
  /** The last `window` evaluations, and the second one, which `normalize` and `etaSchedule` divide by. */
  readonly evaluations: readonly (readonly number[])[];
  readonly base: readonly number[] | null;
  readonly seen: number;
  readonly updates: number;
};

/**
 * Skill-it (Chen et al. 2023, "Skill-it! A data-driven skills framework"): weight = prior * exp(eta * sum over j of
 * graph[i][j] * losses of j over the window), and nothing is multiplied over rounds: each update starts from the prior
 * again, as the authors' code does. Defaults: eta 0.5, window 3, update every 1,000 steps (their LEGO runs of 6,000
 * steps; edges between different skills are 0.5 there). An evaluation is the mean of the losses posted in
 * `evaluateEvery` steps; post losses of held-out text for what the paper does. Up to the first update the prior itself
 * stands for the losses. Without edges it only follows high losses, whatever their cause: entropy too, so `normalize`.
 */
export function skillIt(options: z.input<typeof schema> = {}): Scheduler<State> {
  const checked = parseOptions(schema, options, 'skillIt()');
  const start = (facts: Facts): Decision<State> => {
    const graph = graphOf(facts, checked, 0);
    const prior = priorOf(facts, checked);
    const zeros = facts.domains.map(() => 0);
    const losses = checked.targets ? zeros.map(() => 1) : prior;
    const weights = updated(facts, checked, graph, losses, checked.eta);
    const [sums, counts] = [zeros, zeros];
    return { weights, state: { weights, sums, counts, evaluations: [], base: null, seen: 0, updates: 0 } };
  };
  return {
    name: 'skill-it',
    version: 1,
    options: JSON.parse(JSON.stringify(checked)),
    needsTotals: false,
    needsLosses: true,
    start,
    next(state, event, facts) {
      const { every, evaluateEvery } = periods(facts, checked);
      if (event.type === 'losses') {
        const after = withLosses(state, bounded(event.losses), (event.step + 1) % evaluateEvery === 0, checked.window);
        return { weights: after.weights, state: after };
      }
      if (event.step === 0 || event.step % every !== 0 || state.evaluations.length === 0)
        return { weights: state.weights, state };
      const { evaluations, base } = state;
      const scale = (value: number, i: number): number => (checked.normalize ? value / (base![i] || 1) : value);
      const total = facts.domains.map((_, i) => evaluations.reduce((sum, e) => sum + e[i], 0));
      const losses = total.map((sum, i) => scale(checked.targets ? sum / evaluations.length : sum, i));
      const chosen = columnsOf(facts, checked);
      const sumOf = (values: readonly number[]): number => chosen.reduce((sum, j) => sum + values[j], 0);
      const fallen = sumOf(evaluations.at(-1)!) / sumOf(base!);
      const eta = checked.etaSchedule && fallen > 0 ? checked.eta / fallen : checked.eta;
      const weights = updated(facts, checked, graphOf(facts, checked, state.updates), losses, eta);
      return { weights, state: { ...state, weights, updates: state.updates + 1 } };
    },
  };
}

function periods(facts: Facts, { every, evaluateEvery }: Options): { every: number; evaluateEvery: number } {
  const sixth = facts.steps === null ? 1000 : Math.min(1000, Math.ceil(facts.steps / 6));
  const update = every ?? Math.max(1, sixth);
  return { every: update, evaluateEvery: evaluateEvery ?? Math.max(1, Math.round(update / 20)) };
}

function withLosses(state: State, losses: readonly (number | null)[], evaluate: boolean, window: number): State {
  const sums = state.sums.map((sum, i) => sum + (losses[i] ?? 0));
  const counts = state.counts.map((n, i) => n + (losses[i] === null ? 0 : 1));
  if (!evaluate || counts.every((n) => n === 0)) return { ...state, sums, counts };
  const means = sums.map((sum, i) => (counts[i] > 0 ? sum / counts[i] : null));
  const last = state.evaluations.at(-1) ?? means.map(() => null);
  const evaluation = filledIn(means, last);
  const zeros = sums.map(() => 0);
  return {
    ...state,
    sums: zeros,
    counts: zeros,
    evaluations: [...state.evaluations, evaluation].slice(-window),
    base: state.seen < 2 ? evaluation : state.base,
    seen: state.seen + 1,
  };
}

function updated(
  facts: Facts,
  options: Options,
  graph: readonly (readonly number[])[],
  losses: readonly number[],
  eta: number,
): readonly number[] {
  const columns = columnsOf(facts, options);
  const gains = graph.map((row) => eta * columns.reduce((sum, j) => sum + row[j] * losses[j], 0));
  const prior = priorOf(facts, options);
  const alone = graph.map(
    (row, i) => options.pinIsolated && row.every((w, j) => j === i || (w === 0 && graph[j][i] === 0)),
  );
  if (!alone.includes(true) || !alone.includes(false)) return softmax(gains, prior);
  const each = 1 / graph.length;
  const rest = 1 - each * alone.filter((a) => a).length;
  const moving = softmax(
    gains,
    prior.map((p, i) => (alone[i] ? 0 : p)),
  );
  return moving.map((w, i) => (alone[i] ? each : rest * w));
}

function graphOf(facts: Facts, { graph, halve }: Options, updates: number): number[][] {
  inOrder(Object.fromEntries(Object.keys(graph).map((name) => [name, 0])), facts, 'skillIt() at graph', 0);
  return facts.domains.map(({ name }, i) => {
    const row = inOrder(graph[name] ?? {}, facts, `skillIt() at graph.${name}`, 0);
    if (graph[name]?.[name] === undefined) row[i] = 1;
    return row.map((w, j) => (halve && i !== j ? w / 2 ** updates : w));
  });
}

function columnsOf(facts: Facts, { targets }: Options): number[] {
  const all = facts.domains.map((_, i) => i);
  if (!targets) return all;
  const chosen = inOrder(Object.fromEntries(targets.map((name) => [name, 1])), facts, 'skillIt() at targets', 0);
  return all.filter((i) => chosen[i] === 1);
}

function priorOf(facts: Facts, { prior }: Options): number[] {
  const values = prior ? inOrder(prior, facts, 'skillIt() at prior') : facts.domains.map(() => 1);
  if (shares(values).some((s) => s > 0)) return values;
  throw new ConfigError({ expected: 'a prior above 0 for one domain', got: '0 for all', where: 'skillIt()' });
}

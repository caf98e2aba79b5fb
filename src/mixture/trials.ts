import { ConfigError } from '../errors.ts';
import { seededRandom } from '../random.ts';
import { solved } from './least-squares.ts';

/** A mixture that was tried, and how it went. */
export interface Trial {
  readonly weights: readonly number[];
  readonly loss: number;
}

/** What trials say: the loss that a mixture would have, and the mixture that would have the least. */
export interface TrialFit {
  predict(weights: readonly number[]): number;
}

export interface TrialOptions {
  /** `linear`: the weights. `log` (default): also their logarithms, which fall steeply near 0 as losses do. */
  readonly features?: 'linear' | 'log';
}

/** Added to a share before its logarithm is taken: what a domain that was left out counts as. */
const SMALLEST = [1e-3, 3e-3, 1e-2, 3e-2, 0.1];
/** What keeps coefficients small. */
const RIDGES = [1e-4, 1e-3, 1e-2, 0.1, 1];

/**
 * Predicts the loss of a mixture from trials, by ridge regression on the weights and their logarithms, after RegMix
 * (Liu et al. 2024: many small runs, a regression, the best mixture by the regression). RegMix prefers LightGBM,
 * boosted trees, to a linear regression on the weights; this is neither, and `scripts/certify/mixtures.ts` says how
 * the three compare on RegMix's own trials. Errors: ConfigError for fewer than two trials, or weights of different
 * numbers.
 */
export function fitTrials(trials: readonly Trial[], { features = 'log' }: TrialOptions = {}): TrialFit {
  const domains = trials[0]?.weights.length ?? 0;
  const wrong = trials.findIndex((t) => t.weights.length !== domains || !Number.isFinite(t.loss));
  if (trials.length < 2 || domains === 0 || wrong >= 0)
    throw new ConfigError({
      expected: 'two trials or more, each with the same number of weights and a finite loss',
      got: wrong >= 0 ? `${trials[wrong].weights.length} weights, loss ${trials[wrong].loss}` : `${trials.length}`,
      where: wrong >= 0 ? `trial ${wrong}` : 'trials',
    });
  const losses = trials.map((t) => t.loss);
  const candidates = (features === 'log' ? SMALLEST : [0]).flatMap((smallest) => {
    const rows = trials.map((t) => featuresOf(t.weights, smallest));
    return RIDGES.map((ridge) => ({ rows, smallest, ridge, error: missed(rows, losses, ridge) }));
  });
  const { rows, smallest, ridge } = candidates.reduce((best, c) => (c.error < best.error ? c : best));
  const model = ridgeFit(rows, losses, ridge);
  return { predict: (weights) => model(featuresOf(weights, smallest)) };
}

/** Shares, and their logarithms where something is added to them. */
function featuresOf(weights: readonly number[], smallest: number): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const shares = weights.map((w) => w / sum);
  return smallest === 0 ? shares : [...shares, ...shares.map((s) => Math.log(s + smallest))];
}

export interface FromTrialsOptions extends TrialOptions {
  readonly seed?: number;
  /** Mixtures that are looked at; default 20,000. */
  readonly candidates?: number;
  /** The result is the mean of so many of the best; default 100, as in RegMix. */
  readonly best?: number;
}

/**
 * The weights that trials speak for: of random mixtures of three tried ones each, the mean of those that are predicted
 * to have the least loss. It never leaves what was tried, where a regression knows nothing. For `fixed()`.
 */
export function fromTrials(
  trials: readonly Trial[],
  { seed = 0, candidates = 20_000, best = 100, ...options }: FromTrialsOptions = {},
): number[] {
  const { predict } = fitTrials(trials, options);
  const random = seededRandom(seed, 'mixtures from trials');
  const looked = Array.from({ length: candidates }, () => {
    const parts = [0, 0, 0].map(() => ({
      of: trials[random.below(trials.length)],
      part: -Math.log(1 - random.uniform()),
    }));
    const whole = parts.reduce((sum, p) => sum + p.part, 0);
    const weights = trials[0].weights.map((_, j) =>
      parts.reduce((sum, p) => {
        const total = p.of.weights.reduce((a, b) => a + b, 0);
        return sum + ((p.part / whole) * p.of.weights[j]) / total;
      }, 0),
    );
    return { weights, loss: predict(weights) };
  });
  const chosen = looked.sort((a, b) => a.loss - b.loss).slice(0, best);
  return trials[0].weights.map((_, j) => chosen.reduce((sum, c) => sum + c.weights[j], 0) / chosen.length);
}

/** Squared error over folds of trials that were left out in turn. */
function missed(rows: readonly number[][], losses: readonly number[], ridge: number): number {
  const folds = Math.min(5, rows.length);
  let error = 0;
  for (let fold = 0; fold < folds; fold++) {
    const inside = (_: unknown, i: number): boolean => i % folds !== fold;
    const model = ridgeFit(rows.filter(inside), losses.filter(inside), ridge);
    for (let i = fold; i < rows.length; i += folds) error += (model(rows[i]) - losses[i]) ** 2;
  }
  return error;
}

/** Ridge regression on features of mean 0 and spread 1, with a constant that is not kept small. */
function ridgeFit(rows: readonly number[][], losses: readonly number[], ridge: number): (row: number[]) => number {
  const n = rows.length;
  const columns = rows[0].map((_, j) => j);
  const means = columns.map((j) => rows.reduce((sum, row) => sum + row[j], 0) / n);
  const spreads = columns.map((j) => Math.sqrt(rows.reduce((sum, row) => sum + (row[j] - means[j]) ** 2, 0) / n) || 1);
  const scaled = (row: readonly number[]): number[] => row.map((x, j) => (x - means[j]) / spreads[j]);
  const level = losses.reduce((a, b) => a + b, 0) / n;
  const x = rows.map(scaled);
  const normal = columns.map((j) =>
    columns.map((k) => x.reduce((sum, row) => sum + row[j] * row[k], 0) + (j === k ? ridge * n : 0)),
  );
  const right = columns.map((j) => x.reduce((sum, row, i) => sum + row[j] * (losses[i] - level), 0));
  const coefficients = solved(normal, right);
  return (row) => scaled(row).reduce((sum, v, j) => sum + v * coefficients[j], level);
}

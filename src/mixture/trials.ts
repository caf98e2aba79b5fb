import { ConfigError } from '../errors.ts';
import { seededRandom } from '../random.ts';
import { kernelFit } from './kernel-fit.ts';
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
  /**
   * `kernel`: kernel ridge regression on shares and their logarithms; the default up to 1,000 trials. `log`: ridge
   * regression on the same; the default beyond. `linear`: ridge regression on shares alone.
   */
  readonly model?: 'kernel' | 'log' | 'linear';
}

/** Trials up to which the kernel is the default: its time grows with their cube. */
const KERNEL_TRIALS = 1000;
/** Added to a share before its logarithm is taken: what a domain that was left out counts as. */
const SMALLEST = [1e-3, 1e-2, 3e-2];
/** What keeps coefficients small. */
const RIDGES = [1e-4, 1e-3, 1e-2, 0.1, 1];
const KERNEL_RIDGES = [1e-4, 1e-3, 1e-2];
/** Lengths of the kernel, in spreads of a feature times the root of their number. */
const LENGTHS = [1, 2, 4, 8];

/**
 * Predicts the loss of a mixture from trials, after RegMix (Liu et al. 2024: many small runs, a regression, the best
 * mixture by the regression). RegMix's own choice is LightGBM; `scripts/certify/mixtures.ts` says how these models
 * compare on its trials. Their settings are those that miss least when a fifth of the trials is left out in turn; with
 * 512 trials the kernel takes a few seconds. Errors: ConfigError for fewer than two trials, weights of different
 * numbers, and a loss that is not finite.
 */
export function fitTrials(trials: readonly Trial[], options: TrialOptions = {}): TrialFit {
  const domains = trials[0]?.weights.length ?? 0;
  const wrong = trials.findIndex((t) => t.weights.length !== domains || !Number.isFinite(t.loss));
  if (trials.length < 2 || domains === 0 || wrong >= 0)
    throw new ConfigError({
      expected: 'two trials or more, each with the same number of weights and a finite loss',
      got: wrong >= 0 ? `${trials[wrong].weights.length} weights, loss ${trials[wrong].loss}` : `${trials.length}`,
      where: wrong >= 0 ? `trial ${wrong}` : 'trials',
    });
  const { model = trials.length <= KERNEL_TRIALS ? 'kernel' : 'log' } = options;
  const losses = trials.map((t) => t.loss);
  const candidates = (model === 'linear' ? [0] : SMALLEST).flatMap((smallest) => {
    const features = trials.map((t) => featuresOf(t.weights, smallest));
    const scaled = scaling(features);
    const rows = features.map(scaled);
    const fits: Fit[] =
      model === 'kernel'
        ? LENGTHS.flatMap((l) =>
            KERNEL_RIDGES.map(
              (ridge): Fit =>
                (x, y) =>
                  kernelFit(x, y, l * Math.sqrt(rows[0].length), ridge),
            ),
          )
        : RIDGES.map(
            (ridge): Fit =>
              (x, y) =>
                ridgeFit(x, y, ridge),
          );
    return fits.map((fitTo) => ({ rows, smallest, scaled, fitTo, error: missed(rows, losses, fitTo) }));
  });
  const { rows, smallest, scaled, fitTo } = candidates.reduce((best, c) => (c.error < best.error ? c : best));
  const predictor = fitTo(rows, losses);
  return { predict: (weights) => predictor(scaled(featuresOf(weights, smallest))) };
}

type Row = readonly number[];
type Fit = (rows: readonly Row[], losses: readonly number[]) => (row: Row) => number;

/** Shares, and their logarithms where something is added to them. */
function featuresOf(weights: readonly number[], smallest: number): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const shares = weights.map((w) => w / sum);
  return smallest === 0 ? shares : [...shares, ...shares.map((s) => Math.log(s + smallest))];
}

/** To the mean 0 and the spread 1 that features have over the trials. */
function scaling(rows: readonly Row[]): (row: Row) => number[] {
  const mean = (of: (row: Row) => number) => rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
  const means = rows[0].map((_, j) => mean((row) => row[j]));
  const spreads = means.map((m, j) => Math.sqrt(mean((row) => (row[j] - m) * (row[j] - m))) || 1);
  return (row) => row.map((x, j) => (x - means[j]) / spreads[j]);
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

/** Squared error over fifths of the trials that are left out in turn. */
function missed(rows: readonly Row[], losses: readonly number[], fitTo: Fit): number {
  const folds = Math.min(5, rows.length);
  let error = 0;
  for (let fold = 0; fold < folds; fold++) {
    const inside = (_: unknown, i: number): boolean => i % folds !== fold;
    const predictor = fitTo(rows.filter(inside), losses.filter(inside));
    for (let i = fold; i < rows.length; i += folds) error += (predictor(rows[i]) - losses[i]) ** 2;
  }
  return error;
}

/** Ridge regression with a constant that is not kept small. */
function ridgeFit(rows: readonly Row[], losses: readonly number[], ridge: number): (row: Row) => number {
  const n = rows.length;
  const columns = rows[0].map((_, j) => j);
  const means = columns.map((j) => rows.reduce((sum, row) => sum + row[j], 0) / n);
  const level = losses.reduce((a, b) => a + b, 0) / n;
  const x = rows.map((row) => row.map((v, j) => v - means[j]));
  const normal = columns.map((j) =>
    columns.map((k) => x.reduce((sum, row) => sum + row[j] * row[k], 0) + (j === k ? ridge * n : 0)),
  );
  const right = columns.map((j) => x.reduce((sum, row, i) => sum + row[j] * (losses[i] - level), 0));
  const coefficients = solved(normal, right);
  return (row) => row.reduce((sum, v, j) => sum + (v - means[j]) * coefficients[j], level);
}

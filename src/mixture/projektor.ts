import { ConfigError } from '../errors.ts';
import { solved } from './least-squares.ts';

/** A pilot run: the mixture, the distance of its training data to the validation data, and its loss. */
export interface Pilot {
  readonly weights: readonly number[];
  /** Optimal-transport distance between a sample drawn by the weights and the validation set. */
  readonly distance: number;
  readonly loss: number;
}

export interface MixPrediction {
  /** Loss of a mixture whose data lie at a distance. */
  predict(weights: readonly number[], distance: number): number;
  /** Its slope in each weight, given the slopes of the distance (`calibratedSlopes`). */
  slopes(weights: readonly number[], distance: number, distanceSlopes: readonly number[]): number[];
}

/**
 * Stage 1 of projektor (Kang et al. 2023): at one size, loss = sum over domains of (b2 p^2 + b1 p + b0) * distance +
 * (c2 p^2 + c1 p + c0), by least squares over pilots. Since shares sum to 1, the linear terms hold the constants; a
 * trace of ridge (1e-9) decides what the pilots leave open. (The authors' notebook fits a reduced form.)
 */
export function predictMix(pilots: readonly Pilot[]): MixPrediction {
  const domains = pilots[0]?.weights.length ?? 0;
  if (domains === 0 || pilots.some((p) => p.weights.length !== domains || !Number.isFinite(p.loss + p.distance)))
    throw new ConfigError({
      expected: 'pilots with the same number of weights, a finite distance and a finite loss',
      got: `${pilots.length} pilots`,
      where: 'predictMix()',
    });
  const features = (w: readonly number[], d: number): number[] => w.flatMap((p) => [p * p * d, p * d, p * p, p]);
  const rows = pilots.map((p) => features(p.weights, p.distance));
  const columns = rows[0].map((_, j) => j);
  const scale = rows.reduce((sum, row) => sum + row.reduce((a, x) => a + x * x, 0), 0) / columns.length;
  const normal = columns.map((j) =>
    columns.map((k) => rows.reduce((sum, row) => sum + row[j] * row[k], j === k ? 1e-9 * scale : 0)),
  );
  const right = columns.map((j) => rows.reduce((sum, row, i) => sum + row[j] * pilots[i].loss, 0));
  const fit = solved(normal, right);
  return {
    predict: (weights, distance) => features(weights, distance).reduce((sum, x, j) => sum + x * fit[j], 0),
    slopes(weights, distance, distanceSlopes) {
      const perDistance = weights.reduce((sum, p, i) => sum + fit[4 * i] * p * p + fit[4 * i + 1] * p, 0);
      return weights.map((p, i) => {
        const [b2, b1, c2, c1] = fit.slice(4 * i, 4 * i + 4);
        return (2 * b2 * p + b1) * distance + 2 * c2 * p + c1 + perDistance * distanceSlopes[i];
      });
    },
  };
}

/**
 * Stage 2: the loss at a size, from those at two smaller ones, linear in the log of the size. It has no parameters and
 * goes wrong fast far beyond the pilots.
 */
export function lossAtSize(
  size: number,
  pilots: readonly [{ size: number; loss: number }, { size: number; loss: number }],
) {
  const [small, large] = pilots;
  const span = Math.log(large.size / small.size);
  return (Math.log(size / small.size) * large.loss - Math.log(size / large.size) * small.loss) / span;
}

/**
 * How the distance changes with the share of each domain, from the potentials of the training points in the dual of the
 * transport problem: their sum over a domain, less the mean of the others for each of its points (the calibrated
 * gradient of the authors' notebook).
 * @param potentials those of the points of each domain
 */
export function calibratedSlopes(potentials: readonly (readonly number[])[]): number[] {
  const sums = potentials.map((values) => values.reduce((a, b) => a + b, 0));
  const total = sums.reduce((a, b) => a + b, 0);
  const points = potentials.reduce((n, values) => n + values.length, 0);
  return potentials.map(({ length }, i) => {
    const others = points - length;
    return others === 0 ? 0 : sums[i] - (total - sums[i]) * (length / others);
  });
}

/** `loss = exp(irreducible) + exp(scale) / samples^exponent`. */
export interface PowerLaw {
  readonly scale: number;
  readonly irreducible: number;
  readonly exponent: number;
}

type Point = readonly [scale: number, irreducible: number, exponent: number];

const HUBER = 1e-3;

export const lossAt = (law: PowerLaw, samples: number): number =>
  Math.exp(law.irreducible) + Math.exp(law.scale - law.exponent * Math.log(samples));

/**
 * What ADO's fit makes small (Jiang et al. 2024, authors' code): the Huber loss (1e-3) of the log of the loss, summed,
 * and penalties of slope 1 outside of exponent 0.001 to 0.8, scale up to 6.5, irreducible from 0.5.
 */
export function fitError([a, e, alpha]: Point, logSamples: readonly number[], logLosses: readonly number[]): number {
  let value = Math.max(alpha - 0.8, 0) - Math.min(alpha, 0.001) + Math.max(a - 6.5, 0) - Math.min(e - 0.5, 0);
  for (let i = 0; i < logSamples.length; i++) {
    const reducible = a - alpha * logSamples[i];
    const most = Math.max(reducible, e);
    const size = Math.abs(most + Math.log(Math.exp(reducible - most) + Math.exp(e - most)) - logLosses[i]);
    value += size > HUBER ? HUBER * (size - HUBER / 2) : (size * size) / 2;
  }
  return value;
}

/** Starts of the search: the authors' grid. */
const GRID: readonly Point[] = Array.from({ length: 8 }, (_, i) => i - 2).flatMap((a) =>
  Array.from({ length: 8 }, (_, j) => j / 2 - 2).flatMap((e) =>
    Array.from({ length: 8 }, (_, k): Point => [a, e, k / 10]),
  ),
);
/** Of the grid, as many as begin best are followed. */
const FOLLOWED = 8;

/**
 * The law that fits losses best. The authors follow all 512 points of their grid with L-BFGS; here the best 8 of them
 * and `before`, where given, are followed by Nelder and Mead's simplex, which the kinks of the penalties do not stop.
 */
export function fitPowerLaw(samples: readonly number[], losses: readonly number[], before?: PowerLaw): PowerLaw {
  const logSamples = samples.map(Math.log);
  const logLosses = losses.map(Math.log);
  const error = (point: Point): number => fitError(point, logSamples, logLosses);
  const starts = GRID.map((point) => ({ point, value: error(point) }))
    .sort((x, y) => x.value - y.value)
    .slice(0, FOLLOWED)
    .map(({ point }) => point);
  if (before) starts.push([before.scale, before.irreducible, before.exponent]);
  const ends = starts.map((start) => simplexSearch(error, simplexSearch(error, start).point));
  const [scale, irreducible, exponent] = ends.reduce((best, end) => (end.value < best.value ? end : best)).point;
  return { scale, irreducible, exponent };
}

/** Nelder and Mead 1965, with the usual factors 1, 2, 1/2, 1/2. */
function simplexSearch(error: (point: Point) => number, start: Point): { point: Point; value: number } {
  const at = (point: Point) => ({ point, value: error(point) });
  const corners = [start, ...[0.5, 0.25, 0.1].map((d, i) => start.map((x, j) => x + (i === j ? d : 0)) as never)].map(
    (point) => at(point as Point),
  );
  for (let round = 0; round < 400; round++) {
    corners.sort((x, y) => x.value - y.value);
    const worst = corners[3];
    if (worst.value - corners[0].value <= 1e-13 * (1 + Math.abs(worst.value))) break;
    const middle = [0, 1, 2].map((j) => (corners[0].point[j] + corners[1].point[j] + corners[2].point[j]) / 3);
    const moved = (factor: number) => at(middle.map((m, j) => m + factor * (worst.point[j] - m)) as never);
    const reflected = moved(-1);
    if (reflected.value < corners[0].value) {
      const further = moved(-2);
      corners[3] = further.value < reflected.value ? further : reflected;
    } else if (reflected.value < corners[2].value) corners[3] = reflected;
    else {
      const nearer = reflected.value < worst.value ? moved(-0.5) : moved(0.5);
      if (nearer.value < Math.min(worst.value, reflected.value)) corners[3] = nearer;
      else
        for (let i = 1; i < 4; i++)
          corners[i] = at(corners[i].point.map((x, j) => (x + corners[0].point[j]) / 2) as never);
    }
  }
  return corners.reduce((best, corner) => (corner.value < best.value ? corner : best));
}

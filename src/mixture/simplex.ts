/** The nearest point whose values are 0 or more and sum to 1 (Duchi et al. 2008, "Efficient projections"). */
export function projected(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => b - a);
  let [sum, shift] = [0, 0];
  for (const [i, value] of sorted.entries()) {
    sum += value;
    if (value - (sum - 1) / (i + 1) > 0) shift = (sum - 1) / (i + 1);
  }
  return values.map((v) => Math.max(0, v - shift));
}

export interface DescentOptions {
  /** Where it starts; equal shares by default. */
  readonly start?: readonly number[];
  /** Length of a step. Default 5e-4, as the authors of projektor use. */
  readonly rate?: number;
  /** Default 100, as they use. */
  readonly iterations?: number;
}

/** Loss of a mixture and its slope in each weight. */
export type MixtureLoss = (weights: readonly number[]) => { readonly value: number; readonly slope: readonly number[] };

/**
 * The mixture with the least loss that projected gradient descent comes by, which is the optimiser of projektor (Kang
 * et al. 2023, "Performance scaling via optimal transport"): a step down the slope, then the nearest mixture. It
 * returns the best of all it has seen, so a step that is too long does no harm.
 */
export function descend(
  domains: number,
  lossOf: MixtureLoss,
  { start, rate = 5e-4, iterations = 100 }: DescentOptions = {},
): { readonly weights: number[]; readonly loss: number } {
  let weights = projected(start ?? Array.from({ length: domains }, () => 1 / domains));
  let best = { weights, loss: lossOf(weights).value };
  for (let i = 0; i < iterations; i++) {
    const { slope } = lossOf(weights);
    weights = projected(weights.map((w, j) => w - rate * slope[j]));
    const loss = lossOf(weights).value;
    if (loss < best.loss) best = { weights, loss };
  }
  return best;
}

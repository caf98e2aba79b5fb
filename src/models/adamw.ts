import type { Value } from './graph/graph.ts';
import { add, divide, mean, minimum, multiply, reshape, sqrt, subtract, sum, tanh } from './graph/ops.ts';

/** AdamW (Loshchilov & Hutter 2019) with clipping of the global norm; Coupled Adam (Stollenwerk & Stollenwerk 2025). */
export interface AdamWOptions {
  /** Decay of the first moment; default 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment; default 0.95. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Share of a weight that is taken away per step, times the learning rate; default 0.1. */
  readonly weightDecay?: number;
  /** Which weights decay; default those with two axes or more: no norms, no biases. */
  readonly decays?: (name: string, shape: readonly number[]) => boolean;
  /** false: embeddings do not decay either, tied to the output layer or not. Default true. */
  readonly embeddingDecay?: boolean;
  /**
   * The rows of the token embedding, and of the output layer where it is another matrix, share one second moment: its
   * mean over the vocabulary. Default false.
   */
  readonly coupledAdam?: boolean;
  /** Largest global norm of the gradients; default 1, Infinity for no clipping. */
  readonly clip?: number;
}

/** The numbers of a step, with what is not said. */
export function adamWNumbers({ beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weightDecay = 0.1 }: AdamWOptions) {
  return { beta1, beta2, epsilon, weightDecay };
}

export interface Moments {
  readonly weight: Value;
  readonly m: Value;
  readonly v: Value;
}

/** How one weight is stepped. */
export interface WeightRule {
  readonly decays: boolean;
  /** The second moment is the mean over the first axis: [1, ...]. */
  readonly coupled: boolean;
}

/** What all weights share in one step: scalars. */
export interface StepScalars {
  readonly learningRate: Value;
  /** 1 for the first. */
  readonly step: Value;
  /** Factor of the gradients, from clipping. */
  readonly scale: Value;
}

/** One step of AdamW for one weight. The factor of the gradient goes into scalars: a pass over the weight less. */
export function adamW(
  { decays, coupled }: WeightRule,
  { weight, gradient, m, v }: Moments & { readonly gradient: Value },
  { learningRate, step, scale }: StepScalars,
  options: AdamWOptions,
): Moments {
  const { beta1, beta2, epsilon, weightDecay } = adamWNumbers(options);
  const squares = multiply(gradient, gradient);
  // The mean of the moments is the moment of the mean.
  const power = coupled ? mean(squares, [0]) : squares;
  const nextM = add(multiply(m, beta1), multiply(gradient, multiply(scale, 1 - beta1)));
  const nextV = add(multiply(v, beta2), multiply(power, multiply(multiply(scale, scale), 1 - beta2)));
  const denominator = add(sqrt(multiply(nextV, divide(step.graph.scalar(1), correction(step, beta2)))), epsilon);
  const change = divide(multiply(nextM, divide(learningRate, correction(step, beta1))), denominator);
  const kept =
    decays && weightDecay > 0
      ? multiply(weight, subtract(weight.graph.scalar(1), multiply(learningRate, weightDecay)))
      : weight;
  return { weight: subtract(kept, change), m: nextM, v: nextV };
}

/**
 * The global norm [] of gradients, and the factor [] that brings it down to `limit` (1 when it is below).
 *
 * @param total what the gradients have still to be divided by; the norm is that of what comes out, and the factor
 *   divides
 */
export function clipping(
  gradients: readonly Value[],
  limit: number,
  total: Value | null = null,
): { norm: Value; scale: Value } {
  const squares = gradients.map((g) => reshape(sum(multiply(g, g), [...g.shape.keys()]), []));
  const raw = sqrt(squares.reduce((a, b) => add(a, b)));
  const norm = total ? divide(raw, total) : raw;
  const one = norm.graph.scalar(1);
  const factor = Number.isFinite(limit) ? minimum(divide(norm.graph.scalar(limit), add(norm, 1e-6)), 1) : one;
  return { norm, scale: total ? divide(factor, total) : factor };
}

// 1 - beta^step = -expm1(x) with x = step ln(beta); by tanh, because 1 - exp(x) loses the digits that matter at the
// first steps.
function correction(step: Value, beta: number): Value {
  const t = tanh(multiply(step, Math.log(beta) / 2));
  return divide(multiply(t, -2), subtract(step.graph.scalar(1), t));
}

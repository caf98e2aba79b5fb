/** The numbers of one step of AdamW, each a float32. */
export interface AdamWFactors {
  /** Of the weight: 1 - learning rate x decay. */
  readonly keep: number;
  readonly beta1: number;
  /** Of the gradient in the first moment: (1 - beta1) x the scale of the gradients. */
  readonly gradientM: number;
  readonly beta2: number;
  /** Of its square in the second moment: (1 - beta2) x that scale squared. */
  readonly squareV: number;
  /** Learning rate / (1 - beta1^step). */
  readonly rate: number;
  /** 1 / (1 - beta2^step). */
  readonly correction: number;
  readonly epsilon: number;
}

/** Replaces weights and moments by those after a step; every operation rounds to float32. */
export function referenceAdamW(
  weights: Float32Array,
  gradients: Float32Array,
  m: Float32Array,
  v: Float32Array,
  { keep, beta1, gradientM, beta2, squareV, rate, correction, epsilon }: AdamWFactors,
): void {
  const f = Math.fround;
  for (const [i, g] of gradients.entries()) {
    m[i] = f(f(m[i] * beta1) + f(g * gradientM));
    v[i] = f(f(v[i] * beta2) + f(f(g * g) * squareV));
    const divisor = f(f(Math.sqrt(f(v[i] * correction))) + epsilon);
    weights[i] = f(f(weights[i] * keep) - f(f(m[i] * rate) / divisor));
  }
}

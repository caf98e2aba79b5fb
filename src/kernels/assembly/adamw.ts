// One step of AdamW over a block of floats that was copied in: one pass over what would be fifteen as single
// operations. The order of the operations and their rounding are those of ../reference/adamw.ts.

/**
 * Weights, gradients and moments of `floats` elements, a multiple of 4; all but the gradients are replaced.
 *
 * @param keep factor of the weight: 1 - learning rate x decay
 * @param gradientM factor of the gradient in the first moment: (1 - beta1) x scale
 * @param squareV factor of its square in the second: (1 - beta2) x scale^2
 * @param rate learning rate / (1 - beta1^step)
 * @param correction 1 / (1 - beta2^step)
 */
export function adamW(weights: usize, gradients: usize, m: usize, v: usize, floats: i32, keep: f32, beta1: f32,
  gradientM: f32, beta2: f32, squareV: f32, rate: f32, correction: f32, epsilon: f32): void {
  const keep4 = f32x4.splat(keep);
  const beta1s = f32x4.splat(beta1);
  const gradientMs = f32x4.splat(gradientM);
  const beta2s = f32x4.splat(beta2);
  const squareVs = f32x4.splat(squareV);
  const rates = f32x4.splat(rate);
  const corrections = f32x4.splat(correction);
  const epsilons = f32x4.splat(epsilon);
  const bytes = <usize>floats << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const g = v128.load(gradients + i);
    const nextM = f32x4.add(f32x4.mul(v128.load(m + i), beta1s), f32x4.mul(g, gradientMs));
    const nextV = f32x4.add(f32x4.mul(v128.load(v + i), beta2s), f32x4.mul(f32x4.mul(g, g), squareVs));
    v128.store(m + i, nextM);
    v128.store(v + i, nextV);
    const divisor = f32x4.add(f32x4.sqrt(f32x4.mul(nextV, corrections)), epsilons);
    const change = f32x4.div(f32x4.mul(nextM, rates), divisor);
    v128.store(weights + i, f32x4.sub(f32x4.mul(v128.load(weights + i), keep4), change));
  }
}

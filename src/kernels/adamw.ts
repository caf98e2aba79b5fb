import { kernelModule, openArena } from './arena.ts';
import type { AdamWFactors } from './reference/adamw.ts';

/** Equal to `referenceAdamW` in every bit. */
export type AdamWFunction = (
  weights: Float32Array,
  gradients: Float32Array,
  m: Float32Array,
  v: Float32Array,
  factors: AdamWFactors,
) => void;

/** Floats of a block: four of them stay in the second cache of a processor. */
const BLOCK = 16_384;

/**
 * AdamW in a WebAssembly instance of its own, of 1 MB: vectors of any length are copied through it block by block, so
 * that they may lie anywhere.
 */
export async function openAdamW(): Promise<AdamWFunction> {
  const { exports, alloc } = openArena(await kernelModule());
  const places = [0, 1, 2, 3].map(() => alloc(BLOCK * 4));
  const [w, g, m, v] = places.map((at) => new Float32Array(exports.memory.buffer, at, BLOCK));
  return (weights, gradients, firsts, seconds, factors) => {
    const { keep, beta1, gradientM, beta2, squareV, rate, correction, epsilon } = factors;
    for (let from = 0; from < weights.length; from += BLOCK) {
      const to = Math.min(from + BLOCK, weights.length);
      w.set(weights.subarray(from, to));
      g.set(gradients.subarray(from, to));
      m.set(firsts.subarray(from, to));
      v.set(seconds.subarray(from, to));
      // What is left in the block behind the end is computed too, and not copied out.
      const floats = (to - from + 3) & ~3;
      const [atW, atG, atM, atV] = places;
      exports.adamW(
        ...[atW, atG, atM, atV, floats],
        ...[keep, beta1, gradientM, beta2, squareV, rate, correction, epsilon],
      );
      const n = to - from;
      weights.set(n < BLOCK ? w.subarray(0, n) : w, from);
      firsts.set(n < BLOCK ? m.subarray(0, n) : m, from);
      seconds.set(n < BLOCK ? v.subarray(0, n) : v, from);
    }
  };
}

import type { Random } from '../../random.ts';

/** How the next token is chosen. */
export interface Choice {
  readonly temperature: number;
  readonly topP: number;
}

/** Id of the next token: the most likely one at temperature 0, else drawn from the share `topP` of the most likely. */
export function chooseToken(logits: Float32Array, { temperature, topP }: Choice, random: Random): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  if (temperature === 0) return best;
  const weights = Float64Array.from(logits, (x) => Math.exp((x - logits[best]) / temperature));
  const all = weights.reduce((a, b) => a + b, 0);
  const order = topP < 1 ? mostLikely(weights, topP * all) : null;
  let left = random.uniform() * (order ? order.reduce((n, i) => n + weights[i], 0) : all);
  for (let k = 0; k < (order?.length ?? weights.length); k++) {
    const i = order ? order[k] : k;
    left -= weights[i];
    if (left < 0) return i;
  }
  return best;
}

/** The fewest ids whose weights come to a sum; equal weights in the order of ids. */
function mostLikely(weights: Float64Array, sum: number): number[] {
  const least = sum / weights.length / 1000;
  const ids = [...weights.keys()].filter((i) => weights[i] > least).sort((a, b) => weights[b] - weights[a] || a - b);
  let [n, have] = [0, 0];
  while (n < ids.length && have < sum) have += weights[ids[n++]];
  return ids.slice(0, Math.max(1, n));
}

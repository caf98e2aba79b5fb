import { NO_TARGET, PADDING_SEGMENT } from '../models/scorers/scoring-graph.ts';
import type { Tensor } from '../models/tensor.ts';
import { seededRandom } from '../random.ts';

/**
 * Which blocks a step trains on: a permutation of all blocks for every epoch, so that each is seen once an epoch. A
 * pure function of its arguments, which is how a resumed training goes on with the same samples.
 * @returns one block number a row
 */
export function blocksOfStep(
  step: number,
  rows: number,
  blocks: number,
  order: (epoch: number) => Uint32Array,
): number[] {
  return Array.from({ length: rows }, (_, row) => {
    const sample = step * rows + row;
    return order(Math.floor(sample / blocks))[sample % blocks];
  });
}

/** Orders of the blocks, epoch by epoch; the last two are kept. */
export function blockOrder(blocks: number, seed: number): (epoch: number) => Uint32Array {
  const known = new Map<number, Uint32Array>();
  return (epoch) => {
    let order = known.get(epoch);
    if (order === undefined) {
      order = Uint32Array.from({ length: blocks }, (_, i) => i);
      const { below } = seededRandom(seed, `epoch ${epoch}`);
      for (let i = blocks - 1; i > 0; i--) {
        const j = below(i + 1);
        [order[i], order[j]] = [order[j], order[i]];
      }
      known.set(epoch, order);
      known.delete(epoch - 2);
    }
    return order;
  };
}

/** Feeds of a training graph but for `learning_rate` and `step`. */
export type Feeds = Map<string, Tensor>;

/**
 * Rows of `length` + 1 ids as feeds: every id but the last is a token, every id but the first a target. A document
 * begins with the token `start`, which opens a segment: nothing is seen across it. A row may begin inside a document.
 */
export function feedsOf(rows: readonly ArrayLike<number>[], length: number, start: number): Feeds {
  const size = rows.length * length;
  const tokens = new Int32Array(size);
  const positions = new Int32Array(size);
  const segments = new Int32Array(size).fill(PADDING_SEGMENT);
  const targets = new Int32Array(size).fill(NO_TARGET);
  const weights = new Float32Array(size);
  rows.forEach((ids, row) => {
    let segment = 0;
    let position = 0;
    for (let i = 0; i < length && i < ids.length; i++) {
      const at = row * length + i;
      if (ids[i] === start && i > 0) {
        segment++;
        position = 0;
      }
      tokens[at] = ids[i];
      positions[at] = position++;
      segments[at] = segment;
      if (i + 1 >= ids.length) continue;
      targets[at] = ids[i + 1];
      weights[at] = 1;
    }
  });
  const shape = [rows.length, length];
  return new Map<string, Tensor>([
    ['tokens', { shape, data: tokens }],
    ['positions', { shape, data: positions }],
    ['segments', { shape, data: segments }],
    ['targets', { shape, data: targets }],
    ['target_weights', { shape, data: weights }],
  ]);
}

/**
 * Linear warm-up over `warmup` of the steps, then half a cosine down to `final`, as a factor of the highest rate.
 * `step` from 0.
 */
export function warmupCosine(step: number, steps: number, warmup: number, final: number): number {
  const rising = Math.round(steps * warmup);
  if (step < rising) return (step + 1) / rising;
  const done = (step - rising) / Math.max(1, steps - rising);
  return final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, done)));
}

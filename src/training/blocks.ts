import { seededRandom } from '../random.ts';
import type { TrainingSequence } from './sequences.ts';

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

/**
 * A row of `length` + 1 ids, or fewer, as a sequence: every id but the first is a target. A document begins with the
 * token `start`. A row may begin inside a document.
 */
export function sequenceOf(ids: ArrayLike<number>, length: number, start: number): TrainingSequence {
  const starts = [0];
  for (let i = 1; i < length && i < ids.length; i++) if (ids[i] === start) starts.push(i);
  const [own, next] = [Math.min(length, ids.length), ids.length > length ? ids[length] : -1];
  return { domain: 0, epoch: 0, index: 0, ids, length: own, next, starts, lossWeight: 1 };
}

import type { FastTextLayout } from './fasttext-layout.ts';
import { LabelHeap, type Ranked } from './label-heap.ts';

const { fround, exp, log, max } = Math;

/** The library's logarithm: never of 0. */
const safeLog = (x: number): number => fround(log(x + 1e-5));

/** The logarithm below which a label of hierarchical softmax is not looked for: that of a probability of 0. */
const NO_CHANCE = safeLog(0);

/** A probability of a score, as fastText hands it out: up to 0.00001 more than the model's, so it may be above 1. */
export const probabilityOf = (score: number): number => fround(exp(score));

/** Ranks the labels of a row of products. @param from where the row begins */
export type Rank = (products: Float32Array, from: number, most: number) => Ranked;

/** How a model ranks its labels. */
export function rankOf({ loss, labels, labelCounts }: Pick<FastTextLayout, 'loss' | 'labels' | 'labelCounts'>): Rank {
  const count = labels.length;
  if (loss === 'hs') return hierarchical(labelCounts);
  const output = new Float32Array(count);
  const chances = loss === 'softmax' ? softmax : sigmoids;
  return (products, from, most) => {
    chances(products.subarray(from, from + count), output);
    return best(output, Math.min(most, count));
  };
}

function softmax(products: Float32Array, out: Float32Array): void {
  let top = products[0];
  for (const p of products) top = max(top, p);
  let sum = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = exp(fround(products[i] - top));
    sum = fround(sum + out[i]);
  }
  for (let i = 0; i < out.length; i++) out[i] /= sum;
}

const SIGMOIDS = 512;
const MOST = 8;
const sigmoidTable = Float32Array.from({ length: SIGMOIDS + 1 }, (_, i) => {
  const x = fround((i * 2 * MOST) / SIGMOIDS - MOST);
  return 1 / (1 + fround(exp(-x)));
});

function sigmoids(products: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) {
    const x = products[i];
    if (x < -MOST) out[i] = 0;
    else if (x > MOST) out[i] = 1;
    else out[i] = sigmoidTable[Math.trunc(fround(fround(fround(fround(x + MOST) * SIGMOIDS) / MOST) / 2))];
  }
}

/** Chances that are surely less likely than the lowest of the heap need no logarithm. */
const SURELY = 0.9999;

function best(output: Float32Array, most: number): Ranked {
  const heap = new LabelHeap(most);
  let bound = -1;
  for (let i = 0; i < output.length; i++) {
    if (output[i] + 1e-5 < bound) continue;
    const score = safeLog(output[i]);
    if (heap.full && score < heap.lowest) continue;
    heap.push(i, score);
    if (heap.full) bound = exp(heap.lowest) * SURELY;
  }
  return heap.ranked();
}

interface Tree {
  readonly left: Int32Array;
  readonly right: Int32Array;
}

/** The Huffman tree over the labels, which come by falling counts. */
function treeOf(counts: readonly number[]): Tree {
  const n = counts.length;
  const left = new Int32Array(2 * n - 1).fill(-1);
  const right = new Int32Array(2 * n - 1).fill(-1);
  const count = new Float64Array(2 * n - 1).fill(1e15);
  count.set(counts);
  let leaf = n - 1;
  let node = n;
  const next = (): number => (leaf >= 0 && count[leaf] < count[node] ? leaf-- : node++);
  for (let i = n; i < 2 * n - 1; i++) {
    left[i] = next();
    right[i] = next();
    count[i] = count[left[i]] + count[right[i]];
  }
  return { left, right };
}

function hierarchical(counts: readonly number[]): Rank {
  const { left, right } = treeOf(counts);
  const n = counts.length;
  return (products, from, most) => {
    const heap = new LabelHeap(Math.min(most, n));
    // Depth first, the left side first; a heap of its own for a tree may be as deep as it has labels.
    const stack: [node: number, score: number][] = [[2 * n - 2, 0]];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const [node, score] = top;
      if (score < NO_CHANCE || (heap.full && score < heap.lowest)) continue;
      if (left[node] < 0) {
        heap.push(node, score);
        continue;
      }
      const f = fround(1 / fround(1 + fround(exp(-products[from + node - n]))));
      stack.push([right[node], fround(score + safeLog(f))]);
      stack.push([left[node], fround(score + safeLog(fround(1 - f)))]);
    }
    return heap.ranked();
  };
}

import { type HtmlModel, NODE_BYTES } from '../../html-model.ts';
import { FEATURES } from './features.ts';
import type { Page } from './page.ts';

/** Scores are thousandths of log odds, and no further from 0. */
export const MOST_SCORE = 6000;

const bounded = (score: number): number => Math.max(-MOST_SCORE, Math.min(MOST_SCORE, score));

/** Sum of what the trees say about one row of numbers. */
export function scoreOf({ bytes, at: from, trees }: HtmlModel, numbers: Int32Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = from;
  let sum = 0;
  for (let t = 0; t < trees; t++) {
    const nodes = view.getUint16(at, true);
    const leaves = view.getUint16(at + 2, true);
    const first = at + 4;
    let node = 0;
    // A tree of one leaf has no nodes.
    if (nodes === 0) node = -1;
    while (node >= 0) {
      const here = first + node * NODE_BYTES;
      const value = numbers[view.getUint16(here, true)];
      node = view.getInt16(here + (value <= view.getInt32(here + 2, true) ? 6 : 8), true);
    }
    sum += view.getInt32(first + nodes * NODE_BYTES + (-1 - node) * 4, true);
    at = first + nodes * NODE_BYTES + leaves * 4;
  }
  return bounded(sum);
}

/** Score of every block: how sure it is that it is main content. */
export function blockScores(
  model: HtmlModel,
  { blocks }: Page,
  write: (i: number, out: Int32Array, to: number) => void,
): Int32Array {
  const numbers = new Int32Array(FEATURES);
  return Int32Array.from(blocks.element, (_, i) => {
    write(i, numbers, 0);
    return scoreOf(model, numbers);
  });
}

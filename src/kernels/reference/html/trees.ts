import { type HtmlModel, NODE_BYTES } from '../../html-model.ts';
import type { Sums } from './features.ts';
import { FEATURES, SECOND } from './features.ts';
import type { Page } from './page.ts';

/** Scores are thousandths of log odds, and no further from 0. */
export const MOST_SCORE = 6000;

const bounded = (score: number): number => Math.max(-MOST_SCORE, Math.min(MOST_SCORE, score));

/** Sum of what the trees of a list say about one row of numbers. */
export function scoreOf({ bytes, lists }: HtmlModel, list: number, numbers: Int32Array, from: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let { at } = lists[list];
  let sum = 0;
  for (let t = 0; t < lists[list].trees; t++) {
    const nodes = view.getUint16(at, true);
    const leaves = view.getUint16(at + 2, true);
    const first = at + 4;
    let node = 0;
    // A tree of one leaf has no nodes.
    if (nodes === 0) node = -1;
    while (node >= 0) {
      const here = first + node * NODE_BYTES;
      const value = numbers[from + view.getUint16(here, true)];
      node = view.getInt16(here + (value <= view.getInt32(here + 2, true) ? 6 : 8), true);
    }
    sum += view.getInt32(first + nodes * NODE_BYTES + (-1 - node) * 4, true);
    at = first + nodes * NODE_BYTES + leaves * 4;
  }
  return bounded(sum);
}

/** How far around a block the highest score is looked for, and over how many blocks it is averaged. */
const [HIGHEST, AVERAGED] = [8, 5];
const LEVELS = 4;

/** Writes the scores around block `i`, before the numbers of the block itself, which stand at `to + SECOND` already. */
export function writeSecond(
  { elements, blocks }: Page,
  { chars }: Sums,
  scores: Int32Array,
  weighted: Float64Array,
  i: number,
  out: Int32Array,
  to: number,
): void {
  const n = blocks.element.length;
  const score = (j: number): number => (j < 0 || j >= n ? -MOST_SCORE : scores[j]);
  const mean = (from: number, end: number): number =>
    Math.floor((weighted[end] - weighted[from]) / Math.max(chars[end] - chars[from], 1));
  let at = to;
  for (const d of [0, -1, -2, -3, 1, 2, 3]) out[at++] = score(i + d);
  let e = blocks.element[i];
  for (let level = 0; level < LEVELS; level++) {
    out[at++] = mean(elements.first[e], elements.end[e]);
    e = elements.parent[e];
  }
  out[at++] = mean(0, n);
  out[at++] = mean(Math.max(i - AVERAGED, 0), i);
  out[at++] = mean(Math.min(i + 1, n), Math.min(i + 1 + AVERAGED, n));
  for (const step of [-1, 1]) {
    let most = -MOST_SCORE;
    for (let d = 1; d <= HIGHEST; d++) most = Math.max(most, score(i + step * d));
    out[at++] = most;
  }
}

/** Score of every block: how sure it is that it is main content. */
export function blockScores(
  model: HtmlModel,
  page: Page,
  sums: Sums,
  write: (i: number, out: Int32Array, to: number) => void,
): Int32Array {
  const { blocks } = page;
  const n = blocks.element.length;
  const numbers = new Int32Array(SECOND + FEATURES);
  const first = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    write(i, numbers, 0);
    first[i] = scoreOf(model, 0, numbers, 0);
  }
  const weighted = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) weighted[i + 1] = weighted[i] + first[i] * blocks.chars[i];
  const second = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    write(i, numbers, SECOND);
    writeSecond(page, sums, first, weighted, i, numbers, 0);
    second[i] = scoreOf(model, 1, numbers, 0);
  }
  return second;
}

import { TAG_BITS, tagNumber } from '../../html-tables.ts';
import type { Sums } from './features.ts';
import type { Page } from './page.ts';
import { MOST_SCORE } from './trees.ts';

/** How the blocks of a page are chosen, by their numbers in the kernel. */
export const EXTRACT_MODES = ['precise', 'generous', 'union', 'best'] as const;
export type ExtractMode = (typeof EXTRACT_MODES)[number];

/** Scores of one step in the table of probabilities, which begins at the lowest score. */
export const SCORE_STEP = 25;
/** Probability in thousandths that a block of a score is main content. */
export const PROBABILITIES: readonly number[] = Array.from({ length: (2 * MOST_SCORE) / SCORE_STEP + 1 }, (_, i) =>
  Math.round(1000 / (1 + Math.exp((MOST_SCORE - i * SCORE_STEP) / 1000))),
);
export const probabilityOf = (score: number): number => PROBABILITIES[Math.floor((score + MOST_SCORE) / SCORE_STEP)];
/** Rounds in which the best threshold of a page is found; it settles after a few. */
export const ROUNDS = 8;
/** The generous one steps in where the precise one keeps less of a page: code points, and thousandths of its own. */
export const [FEW_CHARS, FEW_SHARE] = [200, 100];

const bits = (names: string): number => names.split(' ').reduce((all, n) => all | TAG_BITS[tagNumber(n)], 0);
/** Elements whose text is none of the content, unless they stand in an article. */
export const OUTSIDE = bits('nav footer aside button');
export const INSIDE = bits('article main');
/** Hints that an element is none of the content: menus, feet, sides, advertisements, overlays. */
export const BAD_HINTS = (1 << 0) | (1 << 2) | (1 << 3) | (1 << 5) | (1 << 7) | (1 << 12) | (1 << 14);

/** Blocks that the generous extractor keeps: all but what is plainly none of the content. 1 = kept. */
export function generousBlocks({ elements, blocks }: Page): Uint8Array {
  return Uint8Array.from(blocks.element, (element, i) => {
    let [tags, hints] = [0, 0];
    for (let e = element; e !== 0; e = elements.parent[e]) {
      const bit = TAG_BITS[elements.tag[e]];
      // What is around an article says nothing of it.
      if ((tags & INSIDE) === 0) {
        tags |= bit;
        hints |= elements.hints[e];
      }
    }
    if ((tags & OUTSIDE) !== 0 || (hints & BAD_HINTS) !== 0) return 0;
    const linked = blocks.linkChars[i] * 2 > blocks.chars[i];
    return linked && blocks.stops[i] + blocks.commas[i] === 0 && (tags & INSIDE) === 0 ? 0 : 1;
  });
}

/** The blocks of a page that are kept, and by which extractor. */
export interface Chosen {
  readonly kept: Uint8Array;
  readonly by: 'precise' | 'generous' | 'union';
}

/**
 * The blocks with which the F1 of the page is expected to be best: those whose probability is at least half of it
 * (Lipton, Elkan, Naryanaswamy 2014, "Optimal Thresholding of Classifiers to Maximize F1 Measure"), weighed by their
 * code points.
 */
export function preciseBlocks({ blocks }: Page, scores: Int32Array): Uint8Array {
  const likely = Array.from(scores, probabilityOf);
  const all = likely.reduce((sum, p, i) => sum + p * blocks.chars[i], 0);
  let best = 1000;
  for (let round = 0; round < ROUNDS; round++) {
    let [hit, size] = [0, 0];
    likely.forEach((p, i) => {
      if (p * 2 < best) return;
      hit += p * blocks.chars[i];
      size += 1000 * blocks.chars[i];
    });
    best = size + all === 0 ? 0 : Math.floor((2000 * hit) / (size + all));
  }
  return Uint8Array.from(likely, (p) => (p * 2 >= best && p > 0 ? 1 : 0));
}

export function chooseBlocks(page: Page, { chars }: Sums, scores: Int32Array, mode: ExtractMode): Chosen {
  const precise = mode === 'generous' ? new Uint8Array(scores.length) : preciseBlocks(page, scores);
  if (mode === 'precise') return { kept: precise, by: mode };
  const generous = generousBlocks(page);
  if (mode === 'generous') return { kept: generous, by: mode };
  if (mode === 'union') return { kept: precise.map((k, i) => k | generous[i]), by: mode };
  const charsOf = (kept: Uint8Array): number => kept.reduce((sum, k, i) => sum + k * (chars[i + 1] - chars[i]), 0);
  const [own, other] = [charsOf(precise), charsOf(generous)];
  const few = own < FEW_CHARS && own * 1000 < other * FEW_SHARE;
  return few ? { kept: generous, by: 'generous' } : { kept: precise, by: 'precise' };
}

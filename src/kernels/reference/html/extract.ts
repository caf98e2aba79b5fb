import { type HtmlModel, htmlModel } from '../../html-model.ts';
import { chooseBlocks, type ExtractMode } from './choose.ts';
import { pageFacts, writeFeatures } from './features.ts';
import { layOut } from './layout.ts';
import type { FactName, Span } from './page.ts';
import { parsePage } from './parse.ts';
import { blockScores } from './trees.ts';

/** The main content of a page. */
export interface Extracted {
  /** UTF-8. */
  readonly text: Uint8Array;
  readonly by: 'precise' | 'generous' | 'union';
  /** Blocks of text of the page, and those that are kept. */
  readonly blocks: number;
  readonly kept: number;
  /** Code points of the text, white space not counted. */
  readonly chars: number;
  readonly facts: Readonly<Record<FactName, Span>>;
}

/** The plain version of the kernel `extract`: the main content of one page. @param html valid UTF-8 */
export function extractPage(html: Uint8Array, mode: ExtractMode, model: HtmlModel = htmlModel()): Extracted {
  const page = parsePage(html);
  const facts = pageFacts(html, page);
  const scores =
    mode === 'generous'
      ? new Int32Array(page.blocks.element.length)
      : blockScores(model, page, (i, out, to) => writeFeatures(page, facts, i, out, to));
  const { kept, by } = chooseBlocks(page, facts.sums, scores, mode);
  return {
    text: layOut(page, kept),
    by,
    blocks: kept.length,
    kept: kept.reduce((n, k) => n + k, 0),
    chars: kept.reduce((n, k, i) => n + k * page.blocks.chars[i], 0),
    facts: page.facts,
  };
}

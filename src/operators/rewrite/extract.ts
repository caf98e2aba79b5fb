import * as z from 'zod';
import { EXTRACT_MODES } from '../../kernels/extract.ts';
import { operator } from '../operator.ts';
import { thresholdRule } from './threshold-rule.ts';

const schema = z.strictObject({
  /**
   * `precise`: blocks that the trees take for main content. `generous`: all but menus, feet, sides, forms and the like.
   * `union`: what either keeps. `best`: the precise one, and the generous one for a page of which it keeps nearly
   * nothing.
   */
  mode: z.enum(EXTRACT_MODES).default('best'),
  /** Drop pages with fewer code points of main content, white space not counted. */
  minChars: z.int().min(1).default(1),
});

export type ExtractInput = z.input<typeof schema>;

/**
 * The main content of web pages as text. HTML in `text` becomes paragraphs with a blank line between them, lists with
 * `- `, rows of tables with ` | `, and code as it is; menus, feet, advertisements and forms go. A text that does not
 * begin as HTML does stays as it is; one of nothing but white space is a page of which nothing is left.
 *
 * Reads `text`; writes a new `text`, and extract_method (`precise`, `generous` or `union`: which extractor the text
 * comes from; null: the text was no HTML), extract_chars (code points without white space), extract_blocks (blocks of
 * text of the page) and extract_kept_blocks; of what the page says of itself extract_title, extract_date (as written,
 * ISO 8601), extract_language (as `en` or `pt-br`) and extract_url (canonical). The ledger has one cut of the whole
 * page, rule `extract_html`. Drops: extract_empty, for fewer than `minChars`, as an empty response; such a page keeps
 * its HTML.
 *
 * Trees over numbers of each block (text, links, tags, classes, place, neighbours, copies, cards), trained by
 * `scripts/make/html-model.py`. Figures and sources: docs/crawl.md.
 */
export const extract = operator({
  call: 'extract()',
  name: 'extract',
  stage: 'extract',
  options: schema,
  versions: ['extract@3'],
  effects: { annotates: true, rewrites: true, drops: 'thresholds' },
  describe: ({ minChars }) => ({
    reads: ['text'],
    writes: [
      { name: 'extract_method', type: 'utf8' },
      { name: 'extract_chars', type: 'int32' },
      { name: 'extract_blocks', type: 'int32' },
      { name: 'extract_kept_blocks', type: 'int32' },
      { name: 'extract_title', type: 'utf8' },
      { name: 'extract_date', type: 'utf8' },
      { name: 'extract_language', type: 'utf8' },
      { name: 'extract_url', type: 'utf8' },
    ],
    rules: [thresholdRule('extract_empty', 'extract_chars', '<', minChars, 'min_chars')],
  }),
});

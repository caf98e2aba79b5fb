import { tagNumber } from '../../html-tables.ts';
import type { Page } from './page.ts';

const T = Object.fromEntries('li tr td th table ul ol dl dt dd menu'.split(' ').map((n) => [n, tagNumber(n)]));

/** What a block stands in: elements, 0 where there is none. */
interface Around {
  readonly item: number;
  readonly list: number;
  readonly cell: number;
  readonly row: number;
  readonly table: number;
}

function aroundOf({ elements, blocks }: Page, i: number): Around {
  let [item, list, cell, row, table] = [0, 0, 0, 0, 0];
  for (let e = blocks.element[i]; e !== 0 && table === 0; e = elements.parent[e]) {
    const tag = elements.tag[e];
    if ((tag === T.li || tag === T.dt || tag === T.dd) && item === 0 && row === 0 && cell === 0) item = e;
    else if ((tag === T.ul || tag === T.ol || tag === T.dl || tag === T.menu) && cell === 0) list = e;
    else if ((tag === T.td || tag === T.th) && cell === 0) cell = e;
    else if (tag === T.tr && row === 0) row = e;
    else if (tag === T.table) table = e;
  }
  return { item, list, cell, row, table };
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const [PARAGRAPH, LINE, CELL, BULLET] = ['\n\n', '\n', ' | ', '- '].map(bytesOf);
const NONE = new Uint8Array(0);

/**
 * The text of the blocks that are kept: a blank line between paragraphs, `- ` before the items of a list, the cells of
 * a row apart by ` | `, code as it is.
 */
export function layOut(page: Page, kept: Uint8Array): Uint8Array {
  const { text, elements, blocks } = page;
  const parts: Uint8Array[] = [];
  let before: Around | null = null;
  let last = -1;
  for (let i = 0; i < kept.length; i++) {
    if (kept[i] === 0) continue;
    const here = aroundOf(page, i);
    if (before !== null) parts.push(between(before, here));
    const opens = here.item !== 0 && here.item !== before?.item && elements.tag[here.item] === T.li;
    // A list inside of an item begins a line of its own.
    if (opens && elements.first[here.item] > last) parts.push(BULLET);
    parts.push(text.subarray(blocks.start[i], blocks.end[i]));
    before = here;
    last = i;
  }
  return Buffer.concat(parts.filter((p) => p !== NONE));
}

function between(a: Around, b: Around): Uint8Array {
  if (b.row !== 0 && a.row === b.row) return a.cell === b.cell ? LINE : CELL;
  if (b.table !== 0 && a.table === b.table) return LINE;
  if (b.list !== 0 && a.list === b.list) return LINE;
  return PARAGRAPH;
}

import { CUSTOM, TAG, TAG_KINDS, tagNumber } from '../../html-tables.ts';
import { type Attributes, readAttributes, skipAttributes } from './attributes.ts';
import { metaFact, spanOf } from './facts.ts';
import {
  emptyBlocks,
  emptyElements,
  FACTS,
  type FactName,
  MOST_DEPTH,
  MOST_ELEMENTS,
  MOST_LOOKED,
  type Page,
  type Span,
} from './page.ts';
import { TextWriter } from './text.ts';

const [LT, GT, SLASH, BANG, QUERY] = [0x3c, 0x3e, 0x2f, 0x21, 0x3f];
const T = Object.fromEntries(
  (
    'a br html head body p li dl dt dd tr td th table thead tbody tfoot caption ul ol menu h1 h6 pre link meta title ' +
    'script span button label svg'
  )
    .split(' ')
    .map((n) => [n, tagNumber(n)]),
) as Readonly<Record<string, number>>;

/**
 * Reads a page as browsers do in what matters to its text (WHATWG, "tokenization" and the implied ends of "tree
 * construction"): one pass, a time that grows with its bytes.
 * @param html valid UTF-8
 */
export function parsePage(html: Uint8Array): Page {
  const parser = new Parser(html);
  parser.run();
  return parser.page();
}

class Parser {
  #html: Uint8Array;
  #elements = emptyElements();
  #blocks = emptyBlocks();
  #text: TextWriter;
  #facts = Object.fromEntries(FACTS.map((f) => [f, { start: 0, end: 0 }])) as Record<FactName, Span>;
  /** Open elements; the page itself at the bottom. */
  #stack = [0];
  #open = new Int32Array(TAG_KINDS.length);
  /** Open elements whose text is unseen, and that keep line breaks. */
  #unseen = 0;
  #verbatim = 0;
  /** Depth of the stack at which the link was opened. */
  #linkDepth = 0;

  constructor(html: Uint8Array) {
    this.#html = html;
    this.#text = new TextWriter(this.#blocks, html.length + 8);
  }

  page(): Page {
    const { out, size } = this.#text;
    return { text: out.subarray(0, size), elements: this.#elements, blocks: this.#blocks, facts: this.#facts };
  }

  run(): void {
    const html = this.#html;
    for (let at = 0; at < html.length; ) {
      const open = html.indexOf(LT, at);
      const stop = open < 0 ? html.length : open;
      if (stop > at && this.#unseen === 0) this.#text.append(html, at, stop);
      if (open < 0) break;
      at = this.#markup(open);
    }
    while (this.#stack.length > 1) this.#pop();
    this.#flush();
    this.#elements.end[0] = this.#blocks.element.length;
  }

  /** What begins with `<`; returns the byte after it. */
  #markup(at: number): number {
    const html = this.#html;
    const c = html[at + 1];
    if (isLetter(c)) return this.#startTag(at + 1);
    if (c === SLASH && isLetter(html[at + 2])) return this.#endTag(at + 2);
    if (c === BANG && html[at + 2] === 0x2d && html[at + 3] === 0x2d) return endOfComment(html, at + 4);
    if (c === BANG || c === QUERY || c === SLASH) {
      const end = html.indexOf(GT, at + 1);
      return end < 0 ? html.length : end + 1;
    }
    if (this.#unseen === 0) this.#text.append(html, at, at + 1);
    return at + 1;
  }

  #startTag(at: number): number {
    const html = this.#html;
    const end = endOfName(html, at);
    const tag = tagOf(html, at, end);
    const kind = TAG_KINDS[tag];
    if (tag === 0) return skipAttributes(html, end).next;
    const attributes = readAttributes(html, end, tag === T.meta || tag === T.link);
    const { next, closed } = attributes;
    if (kind === TAG.empty) this.#empty(tag, attributes);
    else if (kind === TAG.inline) this.#inline(tag, attributes);
    else if (tag === T.html) this.#spanFact('language', attributes.lang);
    else if (tag === T.body) this.#elements.hints[0] |= attributes.hints;
    else if (tag !== T.head) {
      this.#implied(tag);
      if ((kind & TAG.raw) !== 0) return this.#raw(tag, at, end, attributes);
      // Of foreign elements alone a slash ends the element.
      if (!(closed && (tag === CUSTOM || tag === T.svg))) this.#push(tag, attributes);
      if (tag === T.pre && html[next] === 10) return next + 1;
    }
    return next;
  }

  #empty(tag: number, attributes: Attributes): void {
    if (tag === T.br) {
      if (this.#unseen === 0) this.#text.lineBreak();
    } else if (tag === T.meta || tag === T.link) {
      const fact = metaFact(this.#html, attributes);
      if (fact !== null) this.#spanFact(fact.name, fact.span);
    } else if (tag === tagNumber('hr')) this.#flush();
  }

  #inline(tag: number, attributes: Attributes): void {
    if (this.#unseen > 0) return;
    this.#text.hints |= attributes.hints;
    if (tag !== T.a) return;
    this.#text.inLink = true;
    this.#linkDepth = this.#stack.length;
  }

  #endTag(at: number): number {
    const html = this.#html;
    const end = endOfName(html, at);
    const tag = tagOf(html, at, end);
    const { next } = skipAttributes(html, end);
    if (tag === T.a) this.#text.inLink = false;
    else if (tag === T.br) this.#text.lineBreak();
    else if ((TAG_KINDS[tag] & TAG.block) !== 0) {
      this.#flush();
      if (this.#open[tag] > 0) this.#popTo(tag);
    }
    return next;
  }

  /** Content that is no markup; returns the byte after its end tag. */
  #raw(tag: number, at: number, nameEnd: number, attributes: Attributes): number {
    const html = this.#html;
    const start = attributes.next;
    const end = endOfRaw(html, start, html.subarray(at, nameEnd));
    if (tag === T.title && this.#open[T.svg] === 0) this.#spanFact('title', { start, end });
    if (tag === T.script && attributes.linkedData) {
      const date = spanOf(html, start, end, '"datePublished"');
      if (date !== null) this.#spanFact('linkedDate', date);
    }
    return end >= html.length ? html.length : skipAttributes(html, end + 2 + nameEnd - at).next;
  }

  #spanFact(name: FactName, { start, end }: Span): void {
    const fact = this.#facts[name];
    if (fact.end > 0 || end <= start) return;
    fact.start = start;
    fact.end = end;
  }

  /** Elements that end because this one begins. */
  #implied(tag: number): void {
    this.#flush();
    const { tag: tags } = this.#elements;
    const top = (): number => tags[this.#stack[this.#stack.length - 1]];
    if (top() === T.p && tag !== T.button && tag !== T.label && tag !== CUSTOM) this.#pop();
    if (tag === T.li) this.#closeUntil([T.li], [T.ul, T.ol, T.menu, T.td, T.th, T.table]);
    else if (tag === T.dt || tag === T.dd) this.#closeUntil([T.dt, T.dd], [T.dl, T.td, T.th, T.table]);
    else if (tag === T.td || tag === T.th) this.#closeUntil([T.td, T.th], [T.tr, T.table]);
    else if (tag === T.tr) this.#closeUntil([T.tr], [T.table, T.tbody, T.thead, T.tfoot]);
    else if (tag === T.thead || tag === T.tbody || tag === T.tfoot)
      this.#closeUntil([T.thead, T.tbody, T.tfoot], [T.table]);
    else if (tag >= T.h1 && tag <= T.h6 && top() >= T.h1 && top() <= T.h6) this.#pop();
  }

  /** Closes the innermost open element of some tags, where none of others is nearer. */
  #closeUntil(wanted: readonly number[], border: readonly number[]): void {
    if (wanted.every((t) => this.#open[t] === 0)) return;
    const { tag: tags } = this.#elements;
    const least = Math.max(1, this.#stack.length - MOST_LOOKED);
    for (let i = this.#stack.length - 1; i >= least; i--) {
      const tag = tags[this.#stack[i]];
      if (border.includes(tag)) return;
      if (!wanted.includes(tag)) continue;
      while (this.#stack.length > i) this.#pop();
      return;
    }
  }

  /** The end tag of an element that is open: it and all in it end, unless it is open only outside of the cell. */
  #popTo(tag: number): void {
    const ofTable = (tag >= T.td && tag <= T.caption) || tag === T.th || tag === T.tr;
    const { tag: tags } = this.#elements;
    const least = Math.max(1, this.#stack.length - MOST_LOOKED);
    for (let i = this.#stack.length - 1; i >= least; i--) {
      const own = tags[this.#stack[i]];
      if (own === tag) {
        while (this.#stack.length > i) this.#pop();
        return;
      }
      if (!ofTable && (own === T.td || own === T.th || own === T.table || own === T.caption)) return;
    }
  }

  #push(tag: number, { hints, key }: Attributes): void {
    const e = this.#elements;
    if (e.tag.length >= MOST_ELEMENTS) return;
    if (this.#stack.length >= MOST_DEPTH) this.#pop();
    const parent = this.#stack[this.#stack.length - 1];
    this.#stack.push(e.tag.length);
    this.#open[tag]++;
    if ((TAG_KINDS[tag] & TAG.unseen) !== 0) this.#unseen++;
    if (tag === T.pre) this.#verbatim++;
    this.#text.verbatim = this.#verbatim > 0;
    e.tag.push(tag);
    e.parent.push(parent);
    e.hints.push(hints);
    e.key.push(Math.imul(key ^ tag, 0x01000193));
    e.depth.push(e.depth[parent] + 1);
    e.first.push(this.#blocks.element.length);
    e.end.push(0);
    e.paragraphs.push(0);
  }

  #pop(): void {
    this.#flush();
    const e = this.#elements;
    const element = this.#stack.pop()!;
    const tag = e.tag[element];
    e.end[element] = this.#blocks.element.length;
    this.#open[tag]--;
    if ((TAG_KINDS[tag] & TAG.unseen) !== 0) this.#unseen--;
    if (tag === T.pre) this.#verbatim--;
    this.#text.verbatim = this.#verbatim > 0;
    if (this.#stack.length < this.#linkDepth) this.#text.inLink = false;
  }

  #flush(): void {
    const e = this.#elements;
    const element = this.#stack[this.#stack.length - 1];
    const chars = this.#text.flush(element);
    if (chars === 0) return;
    e.paragraphs[element] += chars;
    if (e.tag[element] === T.p) e.paragraphs[e.parent[element]] += chars;
  }
}

const isLetter = (c: number): boolean => (c | 32) >= 0x61 && (c | 32) <= 0x7a;
const endsName = (c: number): boolean => c === 0x20 || (c >= 9 && c <= 13) || c === SLASH || c === GT;

function endOfName(html: Uint8Array, at: number): number {
  let end = at;
  while (end < html.length && !endsName(html[end])) end++;
  return end;
}

/** Letters of the longest tag in the table. */
const TAG_LETTERS = 10;

function tagOf(html: Uint8Array, at: number, end: number): number {
  const long = end - at > TAG_LETTERS;
  if (!long) {
    let name = '';
    for (let i = at; i < end; i++) name += String.fromCharCode(isLetter(html[i]) ? html[i] | 32 : html[i]);
    return tagNumber(name);
  }
  for (let i = at; i < end; i++) if (html[i] === 0x2d) return CUSTOM;
  return 0;
}

/** One past a comment whose text begins at `at`. */
function endOfComment(html: Uint8Array, at: number): number {
  if (html[at] === GT) return at + 1;
  if (html[at] === 0x2d && html[at + 1] === GT) return at + 2;
  for (let i = html.indexOf(GT, at); i >= 0; i = html.indexOf(GT, i + 1)) {
    if (html[i - 1] === 0x2d && html[i - 2] === 0x2d && i - 2 >= at) return i + 1;
    if (html[i - 1] === BANG && html[i - 2] === 0x2d && html[i - 3] === 0x2d && i - 3 >= at) return i + 1;
  }
  return html.length;
}

/** Where the end tag of a name begins, from `at` on; the end of the page where there is none. */
function endOfRaw(html: Uint8Array, at: number, name: Uint8Array): number {
  for (let i = html.indexOf(LT, at); i >= 0; i = html.indexOf(LT, i + 1)) {
    if (html[i + 1] !== SLASH) continue;
    let n = 0;
    while (n < name.length && (html[i + 2 + n] | 32) === (name[n] | 32)) n++;
    if (n === name.length && endsName(html[i + 2 + n])) return i;
  }
  return html.length;
}

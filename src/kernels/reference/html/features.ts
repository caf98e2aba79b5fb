import { HINTS, TAG_BITS, TAG_ORDER, tagNumber } from '../../html-tables.ts';
import type { Blocks, Elements, Page, Span } from './page.ts';
import { REPEATS, type Repeats, repeatsOf, share, writeRepeats } from './repeats.ts';

/** Ancestors of a block that are told one by one: the element it stands in, and those above. */
const LEVELS = 5;
/** Numbers of a block itself, of one before or after it, of an ancestor. */
const OWN = 16;
const BESIDE = 5;
const ABOVE = 7;
const PLACE = 16;

const ALL = OWN + 4 * BESIDE + LEVELS * ABOVE + PLACE + 16 + 5 * HINTS.length;

/** Numbers that the trees see of a block. */
export const FEATURES = ALL + REPEATS;

const H1 = tagNumber('h1');
const H6 = tagNumber('h6');

/** Sums over the blocks before each. */
export interface Sums {
  readonly chars: Float64Array;
  readonly linkChars: Float64Array;
  readonly stops: Float64Array;
  readonly long: Float64Array;
}

/** Code points of a block that is more than a label. */
const LONG = 80;

export function sumsOf(blocks: Blocks): Sums {
  const n = blocks.element.length;
  const sums = [0, 1, 2, 3].map(() => new Float64Array(n + 1));
  for (let i = 0; i < n; i++) {
    const plain = blocks.chars[i] >= LONG && blocks.linkChars[i] * 2 < blocks.chars[i];
    sums[0][i + 1] = sums[0][i] + blocks.chars[i];
    sums[1][i + 1] = sums[1][i] + blocks.linkChars[i];
    sums[2][i + 1] = sums[2][i] + blocks.stops[i] + blocks.commas[i];
    sums[3][i + 1] = sums[3][i] + (plain ? blocks.chars[i] : 0);
  }
  return { chars: sums[0], linkChars: sums[1], stops: sums[2], long: sums[3] };
}

/** What is the same for all blocks of a page. */
export interface PageFacts {
  readonly sums: Sums;
  /** Elements of each key, and blocks of each hash. */
  readonly keys: ReadonlyMap<number, number>;
  readonly hashes: ReadonlyMap<number, number>;
  /** First block of an `h1`, or of the heading that is most like the title; -1: none. */
  readonly heading: number;
  /** Element with the most text in its own paragraphs, and those above it as a set. */
  readonly top: number;
  readonly aboveTop: ReadonlySet<number>;
  /** Thousandths of the text that stand in elements with each hint. */
  readonly hinted: readonly number[];
  readonly repeats: Repeats;
}

export function pageFacts(html: Uint8Array, page: Page): PageFacts {
  const { elements, blocks } = page;
  const keys = new Map<number, number>();
  for (const key of elements.key) keys.set(key, (keys.get(key) ?? 0) + 1);
  const hashes = new Map<number, number>();
  for (const hash of blocks.hash) hashes.set(hash, (hashes.get(hash) ?? 0) + 1);
  let [top, most] = [0, -1];
  const weight = new Float64Array(elements.tag.length);
  elements.paragraphs.forEach((chars, e) => {
    weight[e] += chars;
    if (e > 0) weight[elements.parent[e]] += chars / 2;
  });
  weight.forEach((w, e) => {
    if (w > most) [top, most] = [e, w];
  });
  const aboveTop = new Set<number>();
  for (let e = top; e !== 0; e = elements.parent[e]) aboveTop.add(e);
  aboveTop.add(0);
  const sums = sumsOf(blocks);
  return {
    sums,
    keys,
    hashes,
    heading: headingOf(html, page),
    top,
    aboveTop,
    hinted: hintedOf(page, sums),
    repeats: repeatsOf(page, sums.chars, sums.linkChars),
  };
}

function hintedOf({ elements, blocks }: Page, { chars }: Sums): number[] {
  const n = blocks.element.length;
  const masks = [...elements.hints];
  masks[0] = 0;
  for (let e = 1; e < masks.length; e++) masks[e] |= masks[elements.parent[e]];
  return HINTS.map((_, bit) => {
    const own = blocks.element.reduce((sum, e, i) => sum + ((masks[e] >> bit) & 1) * blocks.chars[i], 0);
    return share(own, chars[n]);
  });
}

/** Is a block the first heading? One whose letters stand in the title, else the first of rank 1. */
function headingOf(html: Uint8Array, { text, elements, blocks, facts }: Page): number {
  let first = -1;
  for (let i = 0; i < blocks.element.length; i++) {
    const tag = elements.tag[blocks.element[i]];
    if (tag < H1 || tag > H6 || blocks.words[i] < 2) continue;
    if (inTitle(html, facts.title, text, blocks.start[i], blocks.end[i])) return i;
    if (tag === H1 && first < 0) first = i;
  }
  return first;
}

/** Does the title begin with, or hold after a few letters, the first letters of the text? */
function inTitle(html: Uint8Array, title: Span, text: Uint8Array, start: number, end: number): boolean {
  const length = Math.min(24, end - start);
  for (let at = title.start; at + length <= title.end && at < title.start + 256; at++) {
    let n = 0;
    while (n < length && (html[at + n] | 32) === (text[start + n] | 32)) n++;
    if (n === length) return true;
  }
  return false;
}

const within = (sum: Float64Array, elements: Elements, e: number): number =>
  sum[elements.end[e]] - sum[elements.first[e]];

/** Writes the numbers of block `i` to `out` from `to` on; all of them whole. */
export function writeFeatures(page: Page, f: PageFacts, i: number, out: Int32Array, to: number): void {
  const { elements, blocks } = page;
  const n = blocks.element.length;
  const { sums } = f;
  const element = blocks.element[i];
  const chars = blocks.chars[i];
  let at = to;
  const put = (value: number): void => {
    out[at++] = value;
  };
  put(TAG_ORDER[elements.tag[element]]);
  put(chars);
  put(blocks.words[i]);
  put(share(blocks.linkChars[i], chars));
  put(share(chars, blocks.words[i]));
  put(share(blocks.capitals[i], blocks.words[i]));
  put(share(blocks.digits[i], chars));
  put(blocks.commas[i]);
  put(blocks.stops[i]);
  put(blocks.breaks[i]);
  put(blocks.marks[i]);
  put(blocks.furniture[i]);
  put(share(blocks.furniture[i], blocks.words[i]));
  put(f.hashes.get(blocks.hash[i])!);
  put(page.text[blocks.end[i] - 1]);
  put(page.text[blocks.start[i]]);
  for (const j of [i - 1, i + 1, i - 2, i + 2]) {
    const there = j >= 0 && j < n;
    put(there ? TAG_ORDER[elements.tag[blocks.element[j]]] : -1);
    put(there ? blocks.chars[j] : -1);
    put(there ? share(blocks.linkChars[j], blocks.chars[j]) : -1);
    put(there ? blocks.stops[j] : -1);
    put(
      there
        ? blocks.element[j] === element
          ? 2
          : elements.parent[blocks.element[j]] === elements.parent[element]
            ? 1
            : 0
        : -1,
    );
  }
  let [tags, near, far, level] = [0, 0, 0, 0];
  let shared = -1;
  for (let e = element; ; e = elements.parent[e], level++) {
    if (shared < 0 && f.aboveTop.has(e)) shared = level;
    if (level < LEVELS) {
      const own = within(sums.chars, elements, e);
      put(share(own, sums.chars[n]));
      put(share(within(sums.linkChars, elements, e), own));
      put(elements.end[e] - elements.first[e]);
      put(share(within(sums.long, elements, e), own));
      put(share(within(sums.stops, elements, e), own));
      put(f.keys.get(elements.key[e])!);
      put(TAG_ORDER[elements.tag[e]]);
    }
    if (e === 0) break;
    tags |= TAG_BITS[elements.tag[e]];
    if (level > 0 && level < 4) near |= elements.hints[e];
    if (level >= 4) far |= elements.hints[e];
  }
  for (; level < LEVELS - 1; level++) for (let k = 0; k < ABOVE; k++) put(-1);
  put(i);
  put(n - i);
  put(share(i, n));
  put(share(sums.chars[i], sums.chars[n]));
  put(sums.chars[n]);
  put(n);
  put(share(sums.linkChars[n], sums.chars[n]));
  put(share(sums.long[n], sums.chars[n]));
  put(f.heading < 0 ? -10_000 : i - f.heading);
  put(elements.depth[element]);
  put(shared);
  put(elements.depth[f.top]);
  put(share(within(sums.chars, elements, f.top), sums.chars[n]));
  put(i >= elements.first[f.top] && i < elements.end[f.top] ? 1 : 0);
  put(
    i < elements.first[f.top] ? elements.first[f.top] - i : i >= elements.end[f.top] ? i - elements.end[f.top] + 1 : 0,
  );
  put(sums.long[n]);
  for (let bit = 0; bit < 16; bit++) put((tags >> bit) & 1);
  const own = elements.hints[element] | blocks.hints[i];
  for (const share of f.hinted) put(share);
  for (const mask of [own, near, far, elements.hints[0]])
    for (let bit = 0; bit < HINTS.length; bit++) put((mask >> bit) & 1);
  writeRepeats(page, sums.chars, f.repeats, i, out, to + ALL);
}

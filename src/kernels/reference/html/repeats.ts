import { TAG_ORDER } from '../../html-tables.ts';
import type { Elements, Page } from './page.ts';

/** Ancestors whose place among their like is told one by one, and whose share of copies is. */
const [LEVELS, COPY_LEVELS] = [5, 4];
/** Siblings that are alike, from which on each of them is a card; cards around a block that are told. */
const [CARDS, TOLD] = [3, 2];
/** Numbers of a card. */
const CARD = 12;
/** Blocks between a block and its copy before it at most. */
const FAR = 500;

/** Numbers of a block that tell copies and repeated elements. */
export const REPEATS = 4 + COPY_LEVELS + 2 * LEVELS + TOLD * CARD + 2;

/** What comes again in a page. */
export interface Repeats {
  /** Blocks of the same letters before each, and the last of them; -1: none. */
  readonly earlier: Int32Array;
  readonly last: Int32Array;
  /** Code points of copies in the blocks before each. */
  readonly copied: Float64Array;
  /** Group of each element that holds blocks, and its place in it: children of one parent with the same key. */
  readonly group: Int32Array;
  readonly place: Int32Array;
  /** Elements, code points, and those in links of each group. */
  readonly members: readonly number[];
  readonly chars: readonly number[];
  readonly linkChars: readonly number[];
}

export function repeatsOf({ elements, blocks }: Page, chars: Float64Array, linkChars: Float64Array): Repeats {
  const n = blocks.element.length;
  const [earlier, last, copied] = [new Int32Array(n), new Int32Array(n).fill(-1), new Float64Array(n + 1)];
  const seen = new Map<number, { times: number; at: number }>();
  for (let i = 0; i < n; i++) {
    const before = seen.get(blocks.hash[i]);
    earlier[i] = before?.times ?? 0;
    last[i] = before?.at ?? -1;
    copied[i + 1] = copied[i] + (earlier[i] > 0 ? blocks.chars[i] : 0);
    seen.set(blocks.hash[i], { times: earlier[i] + 1, at: i });
  }
  return { earlier, last, copied, ...groupsOf(elements, chars, linkChars) };
}

function groupsOf(elements: Elements, chars: Float64Array, linkChars: Float64Array) {
  const all = elements.tag.length;
  const [group, place] = [new Int32Array(all).fill(-1), new Int32Array(all)];
  const [members, groupChars, groupLinks]: number[][] = [[], [], []];
  const numbers = new Map<number, number>();
  for (let e = 1; e < all; e++) {
    const [first, end] = [elements.first[e], elements.end[e]];
    if (first >= end) continue;
    const key = Math.imul(elements.key[e] ^ Math.imul(elements.parent[e], 0x9e3779b1), 0x01000193);
    let g = numbers.get(key);
    if (g === undefined) {
      g = members.length;
      numbers.set(key, g);
      members.push(0);
      groupChars.push(0);
      groupLinks.push(0);
    }
    group[e] = g;
    place[e] = members[g]++;
    groupChars[g] += chars[end] - chars[first];
    groupLinks[g] += linkChars[end] - linkChars[first];
  }
  return { group, place, members, chars: groupChars, linkChars: groupLinks };
}

/** Parts in a thousand; 0 of nothing. */
export const share = (part: number, all: number): number => (all === 0 ? 0 : Math.floor((part * 1000) / all));

/**
 * Writes the numbers of block `i` that tell what is repeated to `out` from `to` on; all of them whole.
 * @param sum code points of the blocks before each
 */
export function writeRepeats(
  { elements, blocks }: Page,
  sum: Float64Array,
  r: Repeats,
  i: number,
  out: Int32Array,
  to: number,
): void {
  const n = blocks.element.length;
  let at = to;
  const put = (value: number): void => {
    out[at++] = value;
  };
  put(r.earlier[i]);
  put(r.last[i] < 0 ? -1 : Math.min(i - r.last[i], FAR));
  put(i > 0 && r.earlier[i - 1] > 0 ? 1 : 0);
  put(i + 1 < n && r.earlier[i + 1] > 0 ? 1 : 0);
  const copies = at;
  const places = copies + COPY_LEVELS;
  const cards = places + 2 * LEVELS;
  const end = cards + TOLD * CARD;
  out.fill(-1, at, end);
  let [level, most, told] = [0, 0, 0];
  for (let e = blocks.element[i]; e !== 0; e = elements.parent[e], level++) {
    const [first, stop] = [elements.first[e], elements.end[e]];
    const members = r.members[r.group[e]];
    if (level < COPY_LEVELS) out[copies + level] = share(r.copied[stop] - r.copied[first], sum[stop] - sum[first]);
    if (level < LEVELS) {
      out[places + 2 * level] = members;
      out[places + 2 * level + 1] = r.place[e];
    }
    most = Math.max(most, members);
    if (members < CARDS) continue;
    if (told < TOLD) {
      at = cards + told * CARD;
      const own = sum[stop] - sum[first];
      const chars = r.chars[r.group[e]];
      put(level);
      put(members);
      put(r.place[e]);
      put(own);
      put(Math.floor(chars / members));
      put(share(own * members, chars));
      put(share(r.linkChars[r.group[e]], chars));
      put(share(chars, sum[n]));
      put(stop - first);
      put(i - first);
      put(TAG_ORDER[elements.tag[e]]);
      put(share(sum[first], sum[n]));
    }
    told++;
  }
  out[end] = most;
  out[end + 1] = told;
}

// What comes again in a page: blocks of the same letters, and elements of one parent that are alike.
import { arenaAlloc } from './arena';
import { share, slotOf, sum, sumChars, sumLinks, tableFor } from './html-features';
import {
  B_CHARS, B_ELEMENT, B_HASH, bGet, blockCount, E_END, E_FIRST, E_KEY, E_PARENT, E_TAG, eGet, elementCount, PRIME,
  tagOrder,
} from './html-state';

const LEVELS: i32 = 5;
const COPY_LEVELS: i32 = 4;
const CARDS: i32 = 3;
const TOLD: i32 = 2;
const CARD: i32 = 12;
const FAR: i32 = 500;
export const REPEATS: u32 = 4 + 4 + 2 * 5 + 2 * 12 + 2;

/** Of each block: copies before it, and the last of them. */
let earlier: usize = 0;
let last: usize = 0;
/** Code points of copies in the blocks before each, as float64. */
let copied: usize = 0;
/** Group of each element, and its place in it. */
let group: usize = 0;
let place: usize = 0;
/** Elements, and as float64 code points, and those in links, of each group. */
let members: usize = 0;
let groupChars: usize = 0;
let groupLinks: usize = 0;

// @ts-ignore: decorator
@inline
function get(list: usize, n: i32): i32 {
  return load<i32>(list + (<usize>n << 2));
}

// @ts-ignore: decorator
@inline
function set(list: usize, n: i32, value: i32): void {
  store<i32>(list + (<usize>n << 2), value);
}

function table(mask: u32): usize {
  const bytes = (<usize>mask + 1) * 12;
  const at = arenaAlloc(bytes);
  memory.fill(at, 0, bytes);
  return at;
}

/** After `openFeatures`. */
export function openRepeats(): void {
  const n = <i32>blockCount;
  earlier = arenaAlloc(<usize>n * 4 + 4);
  last = arenaAlloc(<usize>n * 4 + 4);
  copied = arenaAlloc(<usize>(n + 1) << 3);
  store<f64>(copied, 0);
  const mask = tableFor(n);
  const seen = table(mask);
  for (let i = 0; i < n; i++) {
    const hash = <u32>bGet(B_HASH, i);
    const slot = slotOf(seen, mask, hash);
    const times = load<i32>(slot, 8);
    set(earlier, i, times);
    set(last, i, times == 0 ? -1 : load<i32>(slot, 4));
    store<f64>(copied + (<usize>(i + 1) << 3), sum(copied, i) + (times > 0 ? <f64>bGet(B_CHARS, i) : 0));
    store<u32>(slot, hash);
    store<i32>(slot, i, 4);
    store<i32>(slot, times + 1, 8);
  }
  openGroups();
}

function openGroups(): void {
  const all = <i32>elementCount;
  group = arenaAlloc(<usize>all << 2);
  place = arenaAlloc(<usize>all << 2);
  members = arenaAlloc(<usize>all << 2);
  groupChars = arenaAlloc(<usize>all << 3);
  groupLinks = arenaAlloc(<usize>all << 3);
  const mask = tableFor(elementCount);
  const numbers = table(mask);
  let groups: i32 = 0;
  for (let e = 1; e < all; e++) {
    const first = eGet(E_FIRST, e);
    const end = eGet(E_END, e);
    if (first >= end) continue;
    const key = (<u32>eGet(E_KEY, e) ^ (<u32>eGet(E_PARENT, e) * 0x9e3779b1)) * PRIME;
    const slot = slotOf(numbers, mask, key);
    if (load<i32>(slot, 8) == 0) {
      store<u32>(slot, key);
      store<i32>(slot, groups, 4);
      store<i32>(slot, 1, 8);
      set(members, groups, 0);
      store<f64>(groupChars + (<usize>groups << 3), 0);
      store<f64>(groupLinks + (<usize>groups << 3), 0);
      groups++;
    }
    const g = load<i32>(slot, 4);
    set(group, e, g);
    set(place, e, get(members, g));
    set(members, g, get(members, g) + 1);
    store<f64>(groupChars + (<usize>g << 3), sum(groupChars, g) + sum(sumChars, end) - sum(sumChars, first));
    store<f64>(groupLinks + (<usize>g << 3), sum(groupLinks, g) + sum(sumLinks, end) - sum(sumLinks, first));
  }
}

// @ts-ignore: decorator
@inline
function isCopy(i: i32): i32 {
  return i >= 0 && i < <i32>blockCount && get(earlier, i) > 0 ? 1 : 0;
}

/** Writes the numbers of block `i` that tell what is repeated from `at` on. */
export function writeRepeats(i: i32, at: usize): void {
  set(at, 0, get(earlier, i));
  set(at, 1, get(last, i) < 0 ? -1 : min(i - get(last, i), FAR));
  set(at, 2, isCopy(i - 1));
  set(at, 3, isCopy(i + 1));
  const copies = at + 16;
  const places = copies + (<usize>COPY_LEVELS << 2);
  const cards = places + (<usize>LEVELS << 3);
  const end = cards + (<usize>(TOLD * CARD) << 2);
  memory.fill(copies, 0xff, end - copies);
  let level: i32 = 0;
  let most: i32 = 0;
  let told: i32 = 0;
  for (let e = bGet(B_ELEMENT, i); e != 0; e = eGet(E_PARENT, e), level++) {
    const alike = get(members, get(group, e));
    if (level < COPY_LEVELS) set(copies, level, share(between(copied, e), between(sumChars, e)));
    if (level < LEVELS) {
      set(places, 2 * level, alike);
      set(places, 2 * level + 1, get(place, e));
    }
    most = max(most, alike);
    if (alike < CARDS) continue;
    if (told < TOLD) writeCard(i, e, level, cards + (<usize>(told * CARD) << 2));
    told++;
  }
  set(end, 0, most);
  set(end, 1, told);
}

// @ts-ignore: decorator
@inline
function between(list: usize, e: i32): f64 {
  return sum(list, eGet(E_END, e)) - sum(list, eGet(E_FIRST, e));
}

function writeCard(i: i32, e: i32, level: i32, to: usize): void {
  const g = get(group, e);
  const alike = get(members, g);
  const first = eGet(E_FIRST, e);
  const own = between(sumChars, e);
  const chars = sum(groupChars, g);
  const total = sum(sumChars, <i32>blockCount);
  set(to, 0, level);
  set(to, 1, alike);
  set(to, 2, get(place, e));
  set(to, 3, <i32>own);
  set(to, 4, <i32>Math.floor(chars / <f64>alike));
  set(to, 5, share(own * <f64>alike, chars));
  set(to, 6, share(sum(groupLinks, g), chars));
  set(to, 7, share(chars, total));
  set(to, 8, eGet(E_END, e) - first);
  set(to, 9, i - first);
  set(to, 10, load<i32>(tagOrder + (<usize>eGet(E_TAG, e) << 2)));
  set(to, 11, share(sum(sumChars, first), total));
}

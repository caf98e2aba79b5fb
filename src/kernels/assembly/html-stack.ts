// Open elements of a page: what begins, what ends with it, and the block of text at hand.
import { arenaAlloc } from './arena';
import { hints, key } from './html-attributes';
import {
  blockCount, E_DEPTH, E_END, E_FIRST, E_HINTS, E_KEY, E_PARAGRAPHS, E_PARENT, E_TAG, eGet, elementCount, eSet, kindOf,
  MOST_ELEMENTS, newElement, PRIME,
} from './html-state';
import { flush, setLink, setVerbatim } from './html-text';

const UNSEEN: i32 = 8;
const MOST_DEPTH: i32 = 512;
const MOST_LOOKED: i32 = 256;

/** Numbers of tags that the rules name, in the order of `NAMED`. */
const named: usize = memory.data(40 * 4);
/** Where the caller writes them. */
export function htmlNamed(): usize {
  return named;
}

// @ts-ignore: decorator
@inline
export function tag(n: usize): i32 {
  return load<i32>(named + (n << 2));
}
export const A: usize = 0;
export const BR: usize = 1;
export const HTML: usize = 2;
export const HEAD: usize = 3;
export const BODY: usize = 4;
export const P: usize = 5;
export const LI: usize = 6;
export const DL: usize = 7;
export const DT: usize = 8;
export const DD: usize = 9;
export const TR: usize = 10;
export const TD: usize = 11;
export const TH: usize = 12;
export const TABLE: usize = 13;
export const THEAD: usize = 14;
export const TBODY: usize = 15;
export const TFOOT: usize = 16;
export const CAPTION: usize = 17;
export const UL: usize = 18;
export const OL: usize = 19;
export const MENU: usize = 20;
export const H1: usize = 21;
export const H6: usize = 22;
export const PRE: usize = 23;
export const LINK: usize = 24;
export const META: usize = 25;
export const TITLE: usize = 26;
export const SCRIPT: usize = 27;
export const HR: usize = 28;
export const BUTTON: usize = 29;
export const LABEL: usize = 30;
export const SVG: usize = 31;
export const CUSTOM: usize = 32;

let stack: usize = 0;
export let depth: i32 = 0;
/** Open elements of each tag. */
const open: usize = memory.data(128 * 4);
export let unseen: i32 = 0;
let verbatims: i32 = 0;
let linkDepth: i32 = 0;

// @ts-ignore: decorator
@inline
export function opened(t: i32): i32 {
  return load<i32>(open + (<usize>t << 2));
}

// @ts-ignore: decorator
@inline
function at(level: i32): i32 {
  return load<i32>(stack + (<usize>level << 2));
}

/** Begins a page. */
export function openStack(): void {
  stack = arenaAlloc(<usize>(MOST_DEPTH + 8) * 4);
  store<i32>(stack, 0);
  depth = 1;
  memory.fill(open, 0, 128 * 4);
  unseen = verbatims = linkDepth = 0;
}

/** A link begins here. */
export function linkHere(): void {
  setLink(1);
  linkDepth = depth;
}

/** Ends all that is open, at the end of the page. */
export function closeAll(): void {
  while (depth > 1) pop();
  flushHere();
  eSet(E_END, 0, <i32>blockCount);
}

// @ts-ignore: decorator
@inline
function top(): i32 {
  return eGet(E_TAG, at(depth - 1));
}

// @ts-ignore: decorator
@inline
function isHeading(t: i32): bool {
  return t >= tag(H1) && t <= tag(H6);
}

export function implied(t: i32): void {
  flushHere();
  if (top() == tag(P) && t != tag(BUTTON) && t != tag(LABEL) && t != tag(CUSTOM)) pop();
  if (t == tag(LI)) closeUntil(tag(LI), tag(LI), tag(LI), 0);
  else if (t == tag(DT) || t == tag(DD)) closeUntil(tag(DT), tag(DD), tag(DD), 1);
  else if (t == tag(TD) || t == tag(TH)) closeUntil(tag(TD), tag(TH), tag(TH), 2);
  else if (t == tag(TR)) closeUntil(tag(TR), tag(TR), tag(TR), 3);
  else if (t == tag(THEAD) || t == tag(TBODY) || t == tag(TFOOT)) closeUntil(tag(THEAD), tag(TBODY), tag(TFOOT), 4);
  else if (isHeading(t) && isHeading(top())) pop();
}

/** Is a tag a border beyond which nothing is closed? */
function isBorder(which: u32, t: i32): bool {
  if (t == tag(TABLE)) return true;
  if (which == 0) return t == tag(UL) || t == tag(OL) || t == tag(MENU) || t == tag(TD) || t == tag(TH);
  if (which == 1) return t == tag(DL) || t == tag(TD) || t == tag(TH);
  if (which == 2) return t == tag(TR);
  return which == 3 && (t == tag(TBODY) || t == tag(THEAD) || t == tag(TFOOT));
}

function closeUntil(a: i32, b: i32, c: i32, border: u32): void {
  if (opened(a) == 0 && opened(b) == 0 && opened(c) == 0) return;
  const least = max(1, depth - MOST_LOOKED);
  for (let i = depth - 1; i >= least; i--) {
    const t = eGet(E_TAG, at(i));
    if (isBorder(border, t)) return;
    if (t != a && t != b && t != c) continue;
    while (depth > i) pop();
    return;
  }
}

export function popTo(wanted: i32): void {
  const ofTable = (wanted >= tag(TD) && wanted <= tag(CAPTION)) || wanted == tag(TH) || wanted == tag(TR);
  const least = max(1, depth - MOST_LOOKED);
  for (let i = depth - 1; i >= least; i--) {
    const t = eGet(E_TAG, at(i));
    if (t == wanted) {
      while (depth > i) pop();
      return;
    }
    if (!ofTable && (t == tag(TD) || t == tag(TH) || t == tag(TABLE) || t == tag(CAPTION))) return;
  }
}

export function push(t: i32): void {
  if (elementCount >= MOST_ELEMENTS) return;
  if (depth >= MOST_DEPTH) pop();
  const parent = at(depth - 1);
  const e = newElement();
  store<i32>(stack + (<usize>depth << 2), e);
  depth++;
  store<i32>(open + (<usize>t << 2), opened(t) + 1);
  if ((kindOf(t) & UNSEEN) != 0) unseen++;
  if (t == tag(PRE)) verbatims++;
  setVerbatim(verbatims > 0);
  eSet(E_TAG, e, t);
  eSet(E_PARENT, e, parent);
  eSet(E_HINTS, e, hints);
  eSet(E_KEY, e, <i32>((key ^ <u32>t) * PRIME));
  eSet(E_DEPTH, e, eGet(E_DEPTH, parent) + 1);
  eSet(E_FIRST, e, <i32>blockCount);
  eSet(E_END, e, 0);
  eSet(E_PARAGRAPHS, e, 0);
}

function pop(): void {
  flushHere();
  depth--;
  const e = at(depth);
  const t = eGet(E_TAG, e);
  eSet(E_END, e, <i32>blockCount);
  store<i32>(open + (<usize>t << 2), opened(t) - 1);
  if ((kindOf(t) & UNSEEN) != 0) unseen--;
  if (t == tag(PRE)) verbatims--;
  setVerbatim(verbatims > 0);
  if (depth < linkDepth) setLink(0);
}

export function flushHere(): void {
  const e = at(depth - 1);
  const chars = flush(e);
  if (chars == 0) return;
  eSet(E_PARAGRAPHS, e, eGet(E_PARAGRAPHS, e) + chars);
  if (eGet(E_TAG, e) != tag(P)) return;
  const parent = eGet(E_PARENT, e);
  eSet(E_PARAGRAPHS, parent, eGet(E_PARAGRAPHS, parent) + chars);
}

// State of the page at hand, and the tables that its reading needs (html-tables.ts). All lists are of int32.
import { arenaAlloc } from './arena';

export const FNV: u32 = 0x811c9dc5;
export const PRIME: u32 = 0x01000193;

/** Open addressing: hash u32 and value i32 a slot; hash 0 = free. */
const SLOTS: u32 = 2048;
let tables: usize = 0;
/** Kind, order and ancestor bit of each tag. */
export let tagKinds: usize = 0;
export let tagOrder: usize = 0;
export let tagBits: usize = 0;
export let windows1252: usize = 0;

export const TAGS: u32 = 0;
export const HINTS: u32 = 1;
export const FURNITURE: u32 = 2;
export const ENTITIES: u32 = 3;
export const METAS: u32 = 4;

/** Room for the tables; the caller fills in three lists of `tags` numbers and one of 32 from the address on. */
export function htmlTables(tags: u32): usize {
  tables = arenaAlloc(<usize>SLOTS * 8 * 5);
  memory.fill(tables, 0, <usize>SLOTS * 8 * 5);
  tagKinds = arenaAlloc(<usize>tags * 12 + 128);
  tagOrder = tagKinds + <usize>tags * 4;
  tagBits = tagOrder + <usize>tags * 4;
  windows1252 = tagBits + <usize>tags * 4;
  return tagKinds;
}

/** Enters a word of a table. */
export function htmlWord(table: u32, hash: u32, value: i32): void {
  const from = tables + <usize>(table * SLOTS * 8);
  let slot = hash & (SLOTS - 1);
  while (load<u32>(from + (<usize>slot << 3)) != 0) slot = (slot + 1) & (SLOTS - 1);
  store<u32>(from + (<usize>slot << 3), hash);
  store<i32>(from + (<usize>slot << 3), value, 4);
}

/** Value of a word by its hash; -1: not in the table. */
// @ts-ignore: decorator
@inline
export function wordOf(table: u32, hash: u32): i32 {
  const from = tables + <usize>(table * SLOTS * 8);
  let slot = hash & (SLOTS - 1);
  while (true) {
    const held = load<u32>(from + (<usize>slot << 3));
    if (held == hash) return load<i32>(from + (<usize>slot << 3), 4);
    if (held == 0) return -1;
    slot = (slot + 1) & (SLOTS - 1);
  }
}

// @ts-ignore: decorator
@inline
export function kindOf(tag: i32): i32 {
  return load<i32>(tagKinds + (<usize>tag << 2));
}

export const MOST_ELEMENTS: u32 = 1 << 20;

/** Elements: lists one after the other. */
let elements: usize = 0;
let elementRoom: usize = 0;
export let elementCount: u32 = 0;
export const E_TAG: usize = 0;
export const E_PARENT: usize = 1;
export const E_HINTS: usize = 2;
export const E_KEY: usize = 3;
export const E_DEPTH: usize = 4;
export const E_FIRST: usize = 5;
export const E_END: usize = 6;
export const E_PARAGRAPHS: usize = 7;

/** Blocks: lists one after the other. */
let blocks: usize = 0;
let blockRoom: usize = 0;
export let blockCount: u32 = 0;
export const B_ELEMENT: usize = 0;
export const B_START: usize = 1;
export const B_END: usize = 2;
export const B_CHARS: usize = 3;
export const B_LINK_CHARS: usize = 4;
export const B_WORDS: usize = 5;
export const B_CAPITALS: usize = 6;
export const B_DIGITS: usize = 7;
export const B_COMMAS: usize = 8;
export const B_STOPS: usize = 9;
export const B_BREAKS: usize = 10;
export const B_MARKS: usize = 11;
export const B_FURNITURE: usize = 12;
export const B_HINTS: usize = 13;
export const B_HASH: usize = 14;

/** The page, with zeros after it. */
export let page: usize = 0;
export let pageEnd: usize = 0;

/** Places of what the page says of itself: start and end of each, from the page on. */
export const FACTS: u32 = 8;
export const facts: usize = memory.data(8 * 8);

/** Begins a page. @param marks bytes `<` in it: neither elements nor blocks are more */
export function openPage(start: usize, end: usize, marks: u32): void {
  page = start;
  pageEnd = end;
  elementRoom = <usize>min(marks + 2, MOST_ELEMENTS) << 2;
  blockRoom = elementRoom;
  elements = arenaAlloc(elementRoom * 8);
  blocks = arenaAlloc(blockRoom * 15);
  for (let list: usize = 0; list < 8; list++) store<i32>(elements + list * elementRoom, 0);
  elementCount = 1;
  blockCount = 0;
  memory.fill(facts, 0, 64);
}

// @ts-ignore: decorator
@inline
export function eGet(list: usize, element: i32): i32 {
  return load<i32>(elements + list * elementRoom + (<usize>element << 2));
}

// @ts-ignore: decorator
@inline
export function eSet(list: usize, element: i32, value: i32): void {
  store<i32>(elements + list * elementRoom + (<usize>element << 2), value);
}

// @ts-ignore: decorator
@inline
export function bGet(list: usize, block: i32): i32 {
  return load<i32>(blocks + list * blockRoom + (<usize>block << 2));
}

// @ts-ignore: decorator
@inline
export function bSet(list: usize, block: i32, value: i32): void {
  store<i32>(blocks + list * blockRoom + (<usize>block << 2), value);
}

export function newElement(): i32 {
  return <i32>(elementCount++);
}

export function newBlock(): i32 {
  return <i32>(blockCount++);
}

// @ts-ignore: decorator
@inline
export function isWhite(c: u32): bool {
  return c == 0x20 || c - 9 <= 4;
}

// @ts-ignore: decorator
@inline
export function isLetter(c: u32): bool {
  return (c | 32) - 0x61 < 26;
}

// @ts-ignore: decorator
@inline
export function lower(c: u32): u32 {
  return c - 0x41 < 26 ? c | 32 : c;
}

/** The first byte `c` from `at` on; `stop` where there is none. */
export function find(c: i8, at: usize, stop: usize): usize {
  const wanted = i8x16.splat(c);
  for (; at < stop; at += 16) {
    const found = <u32>i8x16.bitmask(i8x16.eq(v128.load(at), wanted));
    if (found != 0) return min(at + <usize>ctz(found), stop);
  }
  return stop;
}

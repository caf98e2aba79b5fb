// Tables of the search for parts: the class of a byte, starts of lines of code, and words that tell a language.
import { arenaAlloc } from './arena';

// Bits of a byte, as BYTE in ../part-tables.ts.
export const LETTER: u32 = 1;
export const DIGIT: u32 = 2;
export const SPACE: u32 = 4;
export const RULE: u32 = 32;
export const LOWER: u32 = 128;

/** A start of a line: u8 length, then up to 15 bytes. */
const START_BYTES: usize = 16;
const SLOTS: u32 = 4096;

/** u8 per byte value. */
export let byteClasses: usize = 0;
// The same by the two digits of a byte: a row for each high digit, and for each class the rows in which a low digit
// has it. 16 bytes each.
export let highRows: usize = 0;
export let letterRows: usize = 0;
export let digitRows: usize = 0;
export let spaceRows: usize = 0;
export let markRows: usize = 0;
export let plainRows: usize = 0;
let starts: usize = 0;
let startCount: u32 = 0;
let codeStarts: u32 = 0;
/** Open addressing: u64 per slot, 0 = free; then u8 per slot. */
let wordKeys: usize = 0;
let wordBits: usize = 0;

/**
 * Room for 256 classes with their six tables of rows, and for starts of lines, which the caller fills in; the first
 * `always` need no other sign.
 */
export function partTables(count: u32, always: u32): usize {
  byteClasses = arenaAlloc(256 + 6 * 16);
  highRows = byteClasses + 256;
  letterRows = highRows + 16;
  digitRows = highRows + 32;
  spaceRows = highRows + 48;
  markRows = highRows + 64;
  plainRows = highRows + 80;
  starts = arenaAlloc(<usize>count * START_BYTES);
  startCount = count;
  codeStarts = always;
  wordKeys = arenaAlloc(<usize>SLOTS * 8);
  wordBits = arenaAlloc(SLOTS);
  memory.fill(wordKeys, 0, <usize>SLOTS * 8);
  memory.fill(wordBits, 0, SLOTS);
  return byteClasses;
}

export function partStarts(): usize {
  return starts;
}

// @ts-ignore: decorator
@inline
function slotOf(key: u64): u32 {
  return <u32>((key * 0x9e3779b97f4a7c15) >> 52);
}

/** Enters a word of 1 to 8 bytes. */
export function partWord(low: u32, high: u32, bits: u32): void {
  const key = (<u64>high << 32) | <u64>low;
  let slot = slotOf(key);
  while (load<u64>(wordKeys + (<usize>slot << 3)) != 0) slot = (slot + 1) & (SLOTS - 1);
  store<u64>(wordKeys + (<usize>slot << 3), key);
  store<u8>(wordBits + slot, <u8>bits);
}

/** Bits of a word, 0 for one that is not in the table. */
// @ts-ignore: decorator
@inline
export function bitsOfWord(key: u64): u32 {
  let slot = slotOf(key);
  while (true) {
    const held = load<u64>(wordKeys + (<usize>slot << 3));
    if (held == key) return <u32>load<u8>(wordBits + slot);
    if (held == 0) return 0;
    slot = (slot + 1) & (SLOTS - 1);
  }
}

// @ts-ignore: decorator
@inline
export function classOfByte(at: usize): u32 {
  return <u32>load<u8>(byteClasses + load<u8>(at));
}

function startsAmong(start: usize, end: usize, from: u32, to: u32): bool {
  const first = load<u8>(start);
  for (let k = from; k < to; k++) {
    const slot = starts + <usize>k * START_BYTES;
    if (load<u8>(slot, 1) != first) continue;
    const length = <usize>load<u8>(slot);
    if (end - start < length) continue;
    let same: usize = 1;
    while (same < length && load<u8>(start + same) == load<u8>(slot + 1 + same)) same++;
    if (same == length) return true;
  }
  return false;
}

/** Whether a line starts as only code does. */
export function startsAsCode(start: usize, end: usize): bool {
  return startsAmong(start, end, 0, codeStarts);
}

/** Whether a line starts with a word that code starts with too. */
export function startsWithCodeWord(start: usize, end: usize): bool {
  return startsAmong(start, end, codeStarts, startCount);
}

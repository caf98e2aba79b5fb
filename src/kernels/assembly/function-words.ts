// English function words of up to 8 letters as 64-bit loads in a table without collisions: one look-up, no branch to miss.
import { arenaAlloc } from './arena';

const SLOTS: usize = 1024;
const SHIFT: u64 = 54;
const LOWER: u64 = 0x2020202020202020;

let slots: usize = 0;
let keys: usize = 0;
let stops: usize = 0;
let multiplier: u64 = 0;

/** Index of a word of up to 8 bytes, as loaded under the mask `cut`, from 1, or 0. Setting bit 5 is exact: the table holds letters only. */
// @ts-ignore: decorator
@inline
export function functionWord(key: u64, cut: u64): u32 {
  const lower = (key | LOWER) & cut;
  const index = <u32>load<u8>(slots + <usize>((lower * multiplier) >> SHIFT));
  return load<u64>(keys + ((<usize>index) << 3)) == lower ? index : 0;
}

/** Bit of a stop word in the set of those seen; 0 for others. */
// @ts-ignore: decorator
@inline
export function stopBit(index: u32): u32 {
  return <u32>load<u8>(stops + index);
}

/**
 * Builds the table from `count` (< 256) keys of 8 bytes; the first 8 are the stop words. Looks for a multiplier without collisions from
 * the one given on and returns whether that one was good (then there was nothing to look for).
 */
export function buildFunctionWords(source: usize, count: u32, firstLow: u32, firstHigh: u32): bool {
  slots = arenaAlloc(SLOTS);
  keys = arenaAlloc(8 * (<usize>count + 1));
  stops = arenaAlloc(256);
  memory.fill(stops, 0, 256);
  // No word: an all-ones key, which no cut of lower-case letters is.
  store<u64>(keys, <u64>-1);
  memory.copy(keys + 8, source, 8 * <usize>count);
  for (let i: u32 = 0; i < 8; i++) store<u8>(stops + i + 1, <u8>((<u32>1) << i));
  const first = (<u64>firstHigh << 32) | <u64>firstLow;
  multiplier = first;
  while (!placed(count)) multiplier += 0x9e3779b97f4a7c16;
  return multiplier == first;
}

function placed(count: u32): bool {
  memory.fill(slots, 0, SLOTS);
  for (let i: u32 = 1; i <= count; i++) {
    const slot = slots + <usize>((load<u64>(keys + (<usize>i << 3)) * multiplier) >> SHIFT);
    if (load<u8>(slot) != 0) return false;
    store<u8>(slot, <u8>i);
  }
  return true;
}

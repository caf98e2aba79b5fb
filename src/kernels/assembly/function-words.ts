// English function words of up to 8 letters as 64-bit loads in a table without collisions: one look-up, no branch to
// miss.
import { arenaAlloc } from './arena';

const SLOTS: usize = 1024;
/** Slot of a key: its product with the multiplier, shifted right by this. */
export const FUNCTION_SHIFT: u64 = 54;
export const LOWER: u64 = 0x2020202020202020;

/** u8 per slot: index of a word from 1, or 0. */
export let functionSlots: usize = 0;
/** u64 per index: the word; at 0 a key that no word has. */
export let functionKeys: usize = 0;
/** u8 per index: bit of a stop word, or 0. */
export let functionStops: usize = 0;
export let functionMultiplier: u64 = 0;

/**
 * Builds the table from `count` (< 256) keys of 8 bytes; the first 8 are the stop words. Looks for a multiplier without
 * collisions from the one given on and returns whether that one was good (then there was nothing to look for).
 */
export function buildFunctionWords(source: usize, count: u32, firstLow: u32, firstHigh: u32): bool {
  functionSlots = arenaAlloc(SLOTS);
  functionKeys = arenaAlloc(8 * (<usize>count + 1));
  functionStops = arenaAlloc(256);
  memory.fill(functionStops, 0, 256);
  // No word: an all-ones key, which no cut of lower-case letters is.
  store<u64>(functionKeys, <u64>-1);
  memory.copy(functionKeys + 8, source, 8 * <usize>count);
  for (let i: u32 = 0; i < 8; i++) store<u8>(functionStops + i + 1, <u8>((<u32>1) << i));
  const first = (<u64>firstHigh << 32) | <u64>firstLow;
  functionMultiplier = first;
  while (!placed(count)) functionMultiplier += 0x9e3779b97f4a7c16;
  return functionMultiplier == first;
}

function placed(count: u32): bool {
  memory.fill(functionSlots, 0, SLOTS);
  for (let i: u32 = 1; i <= count; i++) {
    const slot = functionSlots +
      <usize>((load<u64>(functionKeys + (<usize>i << 3)) * functionMultiplier) >> FUNCTION_SHIFT);
    if (load<u8>(slot) != 0) return false;
    store<u8>(slot, <u8>i);
  }
  return true;
}

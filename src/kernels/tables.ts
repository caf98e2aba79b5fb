import { classTable } from '../unicode.ts';
import type { KernelArena } from './arena.ts';
import { C4_PHRASES } from './c4.ts';
import { FUNCTION_WORDS, STOP_WORDS } from './function-words.ts';
import { installPartTables } from './parts.ts';

/**
 * A multiplier that places the function words without collisions. If the list changes, the kernel looks for another
 * from here on, 400,000 tries from 9e3779b97f4a7c15 on for 153 words: find it, and put it here.
 */
const MULTIPLIER: readonly [low: number, high: number] = [0xdf95c7a5, 0x8f4f6e15];

/**
 * Copies the pinned Unicode classes, the function words and the C4 phrases into an instance, for good.
 * @returns false: there was a multiplier to look for
 */
export function installTables(arena: KernelArena): boolean {
  const { index, blocks } = classTable();
  const at = arena.exports.unicodeTable(blocks.length) >>> 0;
  new Uint16Array(arena.exports.memory.buffer, at, index.length).set(index);
  new Uint8Array(arena.exports.memory.buffer, at + index.byteLength, blocks.length).set(blocks);
  const words = [...STOP_WORDS, ...FUNCTION_WORDS.filter((w) => !STOP_WORDS.includes(w))];
  const keys = new Uint8Array(words.length * 8);
  words.forEach((word, i) => {
    keys.set(new TextEncoder().encode(word), i * 8);
  });
  const source = arena.alloc(keys.length);
  new Uint8Array(arena.exports.memory.buffer, source, keys.length).set(keys);
  const found = arena.exports.buildFunctionWords(source, words.length, ...MULTIPLIER);
  const phrases = arena.exports.c4Phrases() >>> 0;
  C4_PHRASES.forEach((phrase, i) => {
    const slot = new Uint8Array(arena.exports.memory.buffer, phrases + i * 16, 16);
    slot[0] = phrase.length;
    slot.set(new TextEncoder().encode(phrase), 1);
  });
  installPartTables(arena);
  arena.keep();
  return found === 1;
}

// Added tokens: found in the text before it is parted into pieces, the leftmost and of those the longest. Two sets:
// those looked for in the text as it is (0), and those looked for once it is normalised (1).
import { arenaAlloc } from './arena';
import { classHere, WHITE, WORD } from './bpe-tables';
import { previous } from './unicode';

export const SINGLE_WORD: u32 = 1;
export const LEFT: u32 = 2;
export const RIGHT: u32 = 4;

/** Of each set: 8 KB of bits, one for each two bytes that a token may begin with; 256 first nodes; nodes; tokens. */
const tables = memory.data(32, 16);
const FIRST_NODES: usize = 8192;
const NODES: usize = 8192 + 1024;

/**
 * Room for a set, to be filled: bits and first nodes, then nodes of 16 bytes (byte, first child, next sibling, token),
 * then tokens of 8 bytes (id, flags). Nodes count from 1; 0: none; tokens too.
 */
export function bpeAdded(set: u32, nodes: u32, tokens: u32): usize {
  const at = arenaAlloc(NODES + (<usize>(nodes + 1) << 4) + (<usize>(tokens + 1) << 3));
  store<usize>(tables + (<usize>set << 3), at);
  store<usize>(tables + (<usize>set << 3), at + NODES + (<usize>(nodes + 1) << 4), 4);
  return at;
}

// Of the last match.
export let matchStart: usize = 0;
export let matchEnd: usize = 0;
export let matchToken: u32 = 0;

/** The first match from `at` on: into matchStart, matchEnd, matchToken. 64 bytes after `end` can be read. */
export function findAdded(set: u32, at: usize, end: usize): bool {
  const table = load<usize>(tables + (<usize>set << 3));
  if (table == 0) return false;
  for (; at < end; at++) {
    const two = <usize>load<u16>(at);
    if (!((<u32>load<u8>(table + (two >> 3)) >> (<u32>two & 7)) & 1)) continue;
    let node = load<u32>(table + FIRST_NODES + ((two & 255) << 2));
    let found: u32 = 0;
    for (let p = at; node != 0; ) {
      const here = table + NODES + (<usize>node << 4);
      p++;
      const token = load<u32>(here, 12);
      if (token != 0) {
        found = token;
        matchEnd = p;
      }
      node = 0;
      if (p == end) break;
      const byte = <u32>load<u8>(p);
      let child = load<u32>(here, 4);
      while (child != 0) {
        const there = table + NODES + (<usize>child << 4);
        if (load<u32>(there) == byte) {
          node = child;
          break;
        }
        child = load<u32>(there, 8);
      }
    }
    if (found != 0) {
      matchStart = at;
      matchToken = found;
      return true;
    }
  }
  return false;
}

export function addedId(set: u32, token: u32): u32 {
  return load<u32>(load<usize>(tables + (<usize>set << 3), 4) + (<usize>token << 3));
}

export function addedFlags(set: u32, token: u32): u32 {
  return load<u32>(load<usize>(tables + (<usize>set << 3), 4) + (<usize>token << 3), 4);
}

/** Whether nothing of a word stands beside start .. stop, in a text from `from` to `end`. */
export function isAlone(from: usize, start: usize, stop: usize, end: usize): bool {
  if (start > from && classHere(previous(from, start)) & WORD) return false;
  return stop == end || !(classHere(stop) & WORD);
}

/** First byte of the white space that ends before `start`. */
export function whiteBefore(from: usize, start: usize): usize {
  while (start > from) {
    const at = previous(from, start);
    if (!(classHere(at) & WHITE)) break;
    start = at;
  }
  return start;
}

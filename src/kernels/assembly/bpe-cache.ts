// Pieces seen before and their ids, in two tables of fixed size: a new piece takes the place of an older one. What is
// in them never changes an id.
import { arenaAlloc } from './arena';
import { mergePiece } from './bpe-merge';
import { byteId } from './bpe-tables';

// Pieces of 2 to 15 bytes and up to 4 ids: two ways of 32 bytes a set. 16 bytes are the piece, with its length in the
// last; then ids, with their number in the top byte of the first.
const SETS: u32 = 1 << 15;
const MOST_SHORT: u32 = 15;
// Pieces of up to 64 bytes and 22 ids: one way. Length and number of ids (16 bits each), 64 bytes, ids.
const LONG_SETS: u32 = 1 << 13;
const MOST_LONG: u32 = 64;
const LONG_IDS: u32 = 22;
const LONG_BYTES: u32 = 160;

let shortAt: usize = 0;
let longAt: usize = 0;

export function bpeCaches(): void {
  shortAt = arenaAlloc(<usize>SETS << 6);
  longAt = arenaAlloc(<usize>LONG_SETS * LONG_BYTES);
  memory.fill(shortAt, 0, <usize>SETS << 6);
  memory.fill(longAt, 0, <usize>LONG_SETS * LONG_BYTES);
}

/**
 * Writes the ids of a piece to `out`, with room for 16 bytes more, and returns where they end. 16 bytes after the piece
 * can be read.
 */
// @ts-ignore: decorator
@inline
export function encodePiece(at: usize, end: usize, out: usize): usize {
  const length = <u32>(end - at);
  if (length == 1) {
    store<u32>(out, byteId(load<u8>(at)));
    return out + 4;
  }
  return length <= MOST_SHORT ? encodeShort(at, length, out) : encodeLong(at, length, out);
}

// @ts-ignore: decorator
@inline
function encodeShort(at: usize, length: u32, out: usize): usize {
  let low = load<u64>(at);
  let high = <u64>length << 56;
  if (length < 8) low &= ((<u64>1) << (length << 3)) - 1;
  else high |= load<u64>(at, 8) & (((<u64>1) << ((length - 8) << 3)) - 1);
  const mixed = (low ^ rotl<u64>(high, 23)) * 0x9e3779b97f4a7c15 + high * 0xbf58476d1ce4e5b9;
  const set = shortAt + ((<usize>(mixed >> 44) & (SETS - 1)) << 6);
  let ids: v128;
  if (load<u64>(set) == low && load<u64>(set, 8) == high) ids = v128.load(set, 16);
  else if (load<u64>(set, 32) == low && load<u64>(set, 40) == high) ids = v128.load(set, 48);
  else return newShort(at, length, out, low, high, set);
  const first = <u32>i32x4.extract_lane(ids, 0);
  v128.store(out, i32x4.replace_lane(ids, 0, first & 0xffffff));
  return out + ((first >> 24) << 2);
}

function newShort(at: usize, length: u32, out: usize, low: u64, high: u64, set: usize): usize {
  const n = mergePiece(at, length, out);
  if (n <= 4) {
    v128.store(set + 32, v128.load(set));
    v128.store(set + 48, v128.load(set, 16));
    store<u64>(set, low);
    store<u64>(set, high, 8);
    v128.store(set + 16, v128.load(out));
    store<u8>(set, n, 19);
  }
  return out + (<usize>n << 2);
}

function encodeLong(at: usize, length: u32, out: usize): usize {
  if (length > MOST_LONG) return out + (<usize>mergePiece(at, length, out) << 2);
  let h: u64 = length;
  let i: u32 = 0;
  for (; i + 8 <= length; i += 8) h = rotl<u64>((h ^ load<u64>(at + i)) * 0xbf58476d1ce4e5b9, 29);
  const tail = length - i;
  const rest = tail == 0 ? 0 : load<u64>(at + i) & (((<u64>1) << (tail << 3)) - 1);
  h = (h ^ rest) * 0x9e3779b97f4a7c15;
  const slot = longAt + <usize>((<u32>(h >> 40) & (LONG_SETS - 1)) * LONG_BYTES);
  if (load<u16>(slot) == length) {
    let same = tail == 0 || load<u64>(slot + 4 + i) == rest;
    for (let k: u32 = 0; k < i && same; k += 8) same = load<u64>(slot + 4 + k) == load<u64>(at + k);
    if (same) {
      const known = <usize>load<u16>(slot, 2) << 2;
      memory.copy(out, slot + 72, known);
      return out + known;
    }
  }
  const n = mergePiece(at, length, out);
  if (n <= LONG_IDS) {
    store<u16>(slot, length);
    store<u16>(slot, n, 2);
    for (let k: u32 = 0; k < i; k += 8) store<u64>(slot + 4 + k, load<u64>(at + k));
    if (tail != 0) store<u64>(slot + 4 + i, rest);
    memory.copy(slot + 72, out, <usize>n << 2);
  }
  return out + (<usize>n << 2);
}

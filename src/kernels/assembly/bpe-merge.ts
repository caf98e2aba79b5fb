// The merges of one piece: always the pair of the lowest rank, of equal ones the leftmost.
import { arenaAlloc, arenaMark, arenaRelease } from './arena';
import { byteId, NONE, pairOf, tokenOf } from './bpe-tables';

/** Longer pieces go by a heap. */
const SHORT: u32 = 96;

/** Rank in the low half, id in the high half: of the pair that begins at a symbol. */
const pairs = memory.data(<i32>(SHORT << 3), 16);

/** Writes the ids of a piece to `out`, which has room for one a byte; returns the number of ids. */
export function mergePiece(at: usize, length: u32, out: usize): u32 {
  const whole = tokenOf(at, length);
  if (whole != NONE) {
    store<u32>(out, whole);
    return 1;
  }
  return length <= SHORT ? mergeShort(at, length, out) : mergeLong(at, length, out);
}

function mergeShort(at: usize, length: u32, out: usize): u32 {
  let last = byteId(load<u8>(at));
  store<u32>(out, last);
  for (let i: u32 = 1; i < length; i++) {
    const id = byteId(load<u8>(at + i));
    store<u32>(out + (i << 2), id);
    store<u64>(pairs + ((i - 1) << 3), pairOf(last, id));
    last = id;
  }
  let n = length;
  while (n > 1) {
    let least = NONE;
    let where: u32 = 0;
    for (let i: u32 = 0; i < n - 1; i++) {
      const rank = load<u32>(pairs + (i << 3));
      if (rank < least) {
        least = rank;
        where = i;
      }
    }
    if (least == NONE) break;
    const id = load<u32>(pairs + (where << 3), 4);
    store<u32>(out + (where << 2), id);
    n--;
    for (let i = where + 1; i < n; i++) {
      store<u32>(out + (i << 2), load<u32>(out + (i << 2), 4));
      store<u64>(pairs + ((i - 1) << 3), load<u64>(pairs + (i << 3)));
    }
    if (where + 1 < n) store<u64>(pairs + (where << 3), pairOf(id, load<u32>(out + (where << 2), 4)));
    if (where > 0)
      store<u64>(pairs + ((where - 1) << 3), pairOf(load<u32>(out + ((where - 1) << 2)), id));
  }
  return n;
}

// A heap of (rank, place of the left symbol), the least first: u64 with the rank in the high half.
let heap: usize = 0;
let size: u32 = 0;
let room: u32 = 0;
const GROW: u32 = 1 << 15;

function push(rank: u32, place: u32): void {
  if (size == room) {
    // The heap is the last thing in the arena, so that more room is next to it.
    arenaAlloc(<usize>GROW << 3);
    room += GROW;
  }
  const entry = (<u64>rank << 32) | <u64>place;
  let hole = size++;
  while (hole > 0) {
    const parent = (hole - 1) >> 1;
    const above = load<u64>(heap + (<usize>parent << 3));
    if (above <= entry) break;
    store<u64>(heap + (<usize>hole << 3), above);
    hole = parent;
  }
  store<u64>(heap + (<usize>hole << 3), entry);
}

function pop(): u64 {
  const top = load<u64>(heap);
  const last = load<u64>(heap + (<usize>--size << 3));
  let hole: u32 = 0;
  for (let child: u32 = 1; child < size; child = 2 * hole + 1) {
    let least = load<u64>(heap + (<usize>child << 3));
    if (child + 1 < size) {
      const other = load<u64>(heap + (<usize>child << 3), 8);
      if (other < least) {
        least = other;
        child++;
      }
    }
    if (last <= least) break;
    store<u64>(heap + (<usize>hole << 3), least);
    hole = child;
  }
  store<u64>(heap + (<usize>hole << 3), last);
  return top;
}

/**
 * Symbols stand at the place of their first byte: `out` has their ids (NONE: no symbol begins here), `spans` their
 * lengths, at their first place and at their last one, so that the symbol before is found.
 */
function mergeLong(at: usize, length: u32, out: usize): u32 {
  const mark = arenaMark();
  const spans = arenaAlloc(<usize>length << 2);
  room = GROW;
  size = 0;
  heap = arenaAlloc(<usize>room << 3);
  let last = byteId(load<u8>(at));
  store<u32>(out, last);
  store<u32>(spans, 1);
  for (let i: u32 = 1; i < length; i++) {
    const id = byteId(load<u8>(at + i));
    store<u32>(out + (<usize>i << 2), id);
    store<u32>(spans + (<usize>i << 2), 1);
    const rank = <u32>pairOf(last, id);
    if (rank != NONE) push(rank, i - 1);
    last = id;
  }
  while (size > 0) {
    const entry = pop();
    const place = <u32>entry;
    const here = out + (<usize>place << 2);
    const left = load<u32>(here);
    if (left == NONE) continue;
    const next = place + load<u32>(spans + (<usize>place << 2));
    if (next >= length) continue;
    const pair = pairOf(left, load<u32>(out + (<usize>next << 2)));
    // It is another pair by now.
    if (<u32>pair != <u32>(entry >> 32)) continue;
    const id = <u32>(pair >> 32);
    const end = next + load<u32>(spans + (<usize>next << 2));
    store<u32>(here, id);
    store<u32>(out + (<usize>next << 2), NONE);
    store<u32>(spans + (<usize>place << 2), end - place);
    store<u32>(spans + (<usize>(end - 1) << 2), end - place);
    if (end < length) {
      const rank = <u32>pairOf(id, load<u32>(out + (<usize>end << 2)));
      if (rank != NONE) push(rank, place);
    }
    if (place > 0) {
      const before = place - load<u32>(spans + (<usize>(place - 1) << 2));
      const rank = <u32>pairOf(load<u32>(out + (<usize>before << 2)), id);
      if (rank != NONE) push(rank, before);
    }
  }
  let n: u32 = 0;
  for (let i: u32 = 0; i < length; n++) {
    store<u32>(out + (<usize>n << 2), load<u32>(out + (<usize>i << 2)));
    i += load<u32>(spans + (<usize>i << 2));
  }
  arenaRelease(mark);
  return n;
}

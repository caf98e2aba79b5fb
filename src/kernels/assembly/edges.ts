// The first half of the pass over a document: a bit per byte for three classes, and byte offsets of token edges (start,
// end, start, ...) and of newlines.
import { arenaAlloc } from './arena';
import { classifyBlock, mContinuation, mCore, mDot, mLetter, mNewline, mWhite, nContinuations,
  startCounts } from './classify';

export let coreBits: usize = 0;
export let letterBits: usize = 0;
export let continuationBits: usize = 0;
/** Continuation bytes before each 64 bytes, u32. */
export let continuationsBefore: usize = 0;
export let edges: usize = 0;
export let newlines: usize = 0;
/** '...' without overlap. */
export let nDotRuns: u32 = 0;

/** Bounds of the document that is open: tokens, lines. */
export let mostTokens: usize = 0;
export let mostLines: usize = 0;

/** Bounds for what can be in a text: from the size for small documents, counted for large ones. */
function bound(text: usize, bytes: u32): void {
  mostTokens = (bytes >> 1) + 1;
  mostLines = <usize>bytes + 1;
  if (bytes <= 0x20000) return;
  mostTokens = 1;
  mostLines = 1;
  let before = true;
  for (let i: u32 = 0; i < bytes; i++) {
    const b = <u32>load<u8>(text + i);
    const white = b == 32 || b - 9 < 5;
    mostTokens += <usize>(before && !white);
    // White space of several bytes starts with one of these (overlong forms too): taken for white space, at the cost of
    // some room.
    before = white || b - 0xc0 < 3 || b - 0xe0 < 4 || b == 0xf0;
    mostLines += <usize>(b == 10);
  }
}

/** Finds token edges and newlines of the document of `bytes` bytes at `text` (64 bytes after it are readable). */
export function openText(text: usize, bytes: u32, withGeneral: bool): void {
  bound(text, bytes);
  // Edges are written eight at a time, and one pair ends them.
  edges = arenaAlloc(mostTokens * 8 + 48);
  newlines = arenaAlloc(mostLines * 4);
  const blocks = (<usize>bytes >> 6) + 1;
  // 8 bytes more than there are: a window is a load from any byte.
  coreBits = arenaAlloc(blocks * 8 + 8);
  letterBits = arenaAlloc(blocks * 8 + 8);
  continuationBits = arenaAlloc(blocks * 8 + 8);
  continuationsBefore = arenaAlloc(blocks * 4);
  startCounts(withGeneral);
  nDotRuns = 0;
  findEdges(text, bytes);
}

/** Classes of all bytes, edges of tokens, newlines, runs of full stops. */
function findEdges(text: usize, bytes: u32): void {
  let edge = edges;
  let newline = newlines;
  let inToken: u64 = 0;
  let dots: u32 = 0;
  // One block more when the text fills its last one: every token ends inside a block.
  for (let base: u32 = 0; base <= bytes; base += 64) {
    const left = bytes - base;
    const block: usize = <usize>base >> 6;
    store<u32>(continuationsBefore + (block << 2), nContinuations);
    classifyBlock(text + base, left >= 64 ? <u64>-1 : ((<u64>1) << left) - 1);
    store<u64>(coreBits + (block << 3), mCore);
    store<u64>(letterBits + (block << 3), mLetter);
    store<u64>(continuationBits + (block << 3), mContinuation);

    const dot = mDot;
    if (((dot & (dot >> 1)) | <u64>dots) != 0) dots = countDots(dot, dots);
    else dots = <u32>(dot >> 63);

    const solid = ~mWhite;
    let turns = solid ^ ((solid << 1) | inToken);
    inToken = solid >> 63;
    const next = edge + (<usize>popcnt(turns) << 2);
    while (turns != 0) {
      for (let k = 0; k < 4; k++) {
        store<u32>(edge, base + <u32>ctz(turns));
        turns &= turns - 1;
        store<u32>(edge, base + <u32>ctz(turns), 4);
        turns &= turns - 1;
        edge += 8;
      }
    }
    edge = next;
    for (let m = mNewline; m != 0; m &= m - 1) {
      store<u32>(newline, base + <u32>ctz(m));
      newline += 4;
    }
  }
  nDotRuns += dots / 3;
  // A pair that ends after every line.
  store<u64>(edge, <u64>-1);
}

/**
 * Adds the '...' of the runs of full stops that end in this block, after one of `open` at its start; returns the run
 * open at its end.
 */
function countDots(mask: u64, open: u32): u32 {
  let rest = mask;
  if (!(rest & 1)) {
    nDotRuns += open / 3;
    open = 0;
  }
  while (rest != 0) {
    const first = ctz(rest);
    const length = ctz(~(rest >> first));
    const run = <u32>length + open;
    open = 0;
    if (first + length == 64) return run;
    nDotRuns += run / 3;
    rest &= <u64>-1 << (first + length);
  }
  return 0;
}

/** Code points before the byte `offset`. */
// @ts-ignore: decorator
@inline
export function charsBefore(offset: u32): u32 {
  const block: usize = <usize>offset >> 6;
  const mask = load<u64>(continuationBits + (block << 3)) & (((<u64>1) << (offset & 63)) - 1);
  return offset - load<u32>(continuationsBefore + (block << 2)) - <u32>popcnt(mask);
}

/** The bits of bytes `from` .. `from + 56` at least, and zeros or the bits after them. */
// @ts-ignore: decorator
@inline
export function window(bits: usize, from: u32): u64 {
  return load<u64>(bits + <usize>(from >> 3)) >> (from & 7);
}

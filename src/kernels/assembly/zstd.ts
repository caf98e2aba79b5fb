// zstd blocks (RFC 8878), one stream an instance: literals by Huffman codes, sequences by FSE states, matches out of
// the bytes before. Any input is safe: reads and writes stay inside buffers with slack, and what does not add up ends
// in 0.
import { forgetCodes, literalsAt, literalsEnd, readCodes, readLiterals } from './zstd-literals';
import { llTable, mlTable, ofTable, readTable, tableLog } from './zstd-sequences';

export { literalsBuffer } from './zstd-literals';

const BLOCK_BYTES: usize = 128 * 1024;

/** log + 1 of the tables in use, for repeats; 0 = none yet. */
let llLog: u32 = 0;
let ofLog: u32 = 0;
let mlLog: u32 = 0;

let rep1: u32 = 1;
let rep2: u32 = 4;
let rep3: u32 = 8;

let base: usize = 0;
let capacity: usize = 0;
let windowBytes: usize = 0;
/** Bytes in the buffer: the window, then the last block. */
let filled: usize = 0;

/** Begins a frame. `buffer` has `bytes` and 64 more; at least a window and two blocks. */
export function zstdBegin(buffer: usize, bytes: usize, window: usize): void {
  base = buffer;
  capacity = bytes;
  windowBytes = window;
  filled = 0;
  llLog = ofLog = mlLog = 0;
  forgetCodes();
  rep1 = 1;
  rep2 = 4;
  rep3 = 8;
}

/** Where the last block's bytes are. */
let blockAt: usize = 0;
export function zstdOutput(): usize {
  return blockAt;
}

/** Room for a block after at least a window of what was before. */
function makeRoom(): void {
  if (filled + BLOCK_BYTES > capacity) {
    const keep = min(windowBytes, filled);
    memory.copy(base, base + filled - keep, keep);
    filled = keep;
  }
  blockAt = base + filled;
}

/** A raw (0) or repeated (1) block of `size` bytes; returns 1. */
export function zstdPlainBlock(source: usize, size: usize, repeated: u32): u32 {
  makeRoom();
  if (repeated) memory.fill(blockAt, load<u8>(source), size);
  else memory.copy(blockAt, source, size);
  filled += size;
  return 1;
}

// @ts-ignore: decorator
@inline
function low(value: u64, bits: u32): u32 {
  return <u32>value & (((<u32>1) << bits) - 1);
}

// @ts-ignore: decorator
@inline
function copyForward(to: usize, from: usize, bytes: usize): void {
  const end = to + bytes;
  do {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  } while (to < end);
}

/** A match that may overlap what it writes. */
// @ts-ignore: decorator
@inline
function copyMatch(to: usize, offset: usize, bytes: usize): void {
  let from = to - offset;
  if (offset >= 16) {
    copyForward(to, from, bytes);
    return;
  }
  const end = to + bytes;
  if (offset >= 8) {
    do {
      store<u64>(to, load<u64>(from));
      to += 8;
      from += 8;
    } while (to < end);
    return;
  }
  if (offset == 1) {
    memory.fill(to, load<u8>(from), bytes);
    return;
  }
  do {
    store<u8>(to++, load<u8>(from++));
  } while (to < end);
}

/** Unpacks a compressed block; returns 1, or 0 for damage. `source` has 64 readable bytes on both sides. */
export function zstdBlock(source: usize, size: usize): u32 {
  makeRoom();
  const end = source + size;
  let p = readLiterals(source, end);
  if (p == 0 || p >= end) return 0;
  const b0: u32 = load<u8>(p);
  let sequences: u32 = b0;
  p++;
  if (b0 >= 128) {
    if (b0 == 255) {
      sequences = <u32>load<u16>(p) + 0x7f00;
      p += 2;
    } else sequences = ((b0 - 128) << 8) + <u32>load<u8>(p++);
  }
  let out = blockAt;
  const limit = blockAt + BLOCK_BYTES;
  let literals = literalsAt;
  const lastLiteral = literalsEnd;
  if (sequences > 0) {
    if (p >= end) return 0;
    const modes: u32 = load<u8>(p++);
    if (modes & 3) return 0;
    p = readTable(0, modes >> 6, p, end, llTable, llLog);
    if (p == 0) return 0;
    llLog = tableLog;
    p = readTable(1, (modes >> 4) & 3, p, end, ofTable, ofLog);
    if (p == 0) return 0;
    ofLog = tableLog;
    p = readTable(2, (modes >> 2) & 3, p, end, mlTable, mlLog);
    if (p == 0) return 0;
    mlLog = tableLog;
    if (p >= end) return 0;
    const last: u32 = load<u8>(end - 1);
    if (last == 0) return 0;
    // Bits before `at` are still to come, counted from `p`; they are read from the end.
    let at: i32 = <i32>(((end - 1 - p) << 3) + (31 - clz(last)));
    at -= <i32>(llLog - 1);
    let ll: u32 = low(load<u64>(p + (at >> 3)) >> <u64>(at & 7), llLog - 1);
    at -= <i32>(ofLog - 1);
    let off: u32 = low(load<u64>(p + (at >> 3)) >> <u64>(at & 7), ofLog - 1);
    at -= <i32>(mlLog - 1);
    let ml: u32 = low(load<u64>(p + (at >> 3)) >> <u64>(at & 7), mlLog - 1);
    if (at < 0) return 0;
    const history = min(windowBytes, filled);
    while (true) {
      const lle = llTable + (<usize>ll << 3);
      const ofe = ofTable + (<usize>off << 3);
      const mle = mlTable + (<usize>ml << 3);
      const ofExtra: u32 = load<u8>(ofe, 4);
      const mlExtra: u32 = load<u8>(mle, 4);
      const llExtra: u32 = load<u8>(lle, 4);
      at -= <i32>(ofExtra + mlExtra);
      const first = load<u64>(p + (at >> 3)) >> <u64>(at & 7);
      const matchBytes = load<u32>(mle) + low(first, mlExtra);
      const value = load<u32>(ofe) + low(first >> <u64>mlExtra, ofExtra);
      at -= <i32>llExtra;
      const literalBytes = load<u32>(lle) + low(load<u64>(p + (at >> 3)) >> <u64>(at & 7), llExtra);
      let offset: u32;
      if (value > 3) {
        offset = value - 3;
        rep3 = rep2;
        rep2 = rep1;
        rep1 = offset;
      } else {
        const which = value + <u32>(literalBytes == 0);
        if (which == 1) offset = rep1;
        else {
          offset = which == 2 ? rep2 : which == 3 ? rep3 : rep1 - 1;
          if (which != 2) rep3 = rep2;
          rep2 = rep1;
          rep1 = offset;
        }
      }
      if (at < 0 || offset == 0) return 0;
      if (<usize>literalBytes > lastLiteral - literals ||
        <usize>literalBytes + <usize>matchBytes > limit - out) return 0;
      if (literalBytes > 0) {
        copyForward(out, literals, literalBytes);
        literals += literalBytes;
        out += literalBytes;
      }
      if (<usize>offset > history + (out - blockAt) || <usize>offset > windowBytes) return 0;
      copyMatch(out, offset, matchBytes);
      out += matchBytes;
      if (--sequences == 0) break;
      const llNext: u32 = load<u8>(lle, 5);
      const mlNext: u32 = load<u8>(mle, 5);
      const ofNext: u32 = load<u8>(ofe, 5);
      at -= <i32>(llNext + mlNext + ofNext);
      if (at < 0) return 0;
      const states = load<u64>(p + (at >> 3)) >> <u64>(at & 7);
      off = <u32>load<u16>(ofe, 6) + low(states, ofNext);
      ml = <u32>load<u16>(mle, 6) + low(states >> <u64>ofNext, mlNext);
      ll = <u32>load<u16>(lle, 6) + low(states >> <u64>(ofNext + mlNext), llNext);
    }
    if (at != 0) return 0;
  } else if (p != end) return 0;
  const rest = lastLiteral - literals;
  if (rest > limit - out) return 0;
  if (rest > 0) memory.copy(out, literals, rest);
  filled += out + rest - blockAt;
  return 1;
}

/**
 * After `zstdBegin`: the codes, tables and offsets of a dictionary (RFC 8878, section 5), its first bytes at `source`.
 * Returns where its content begins, or 0 for damage.
 */
export function zstdDictionary(source: usize, size: usize): usize {
  if (size < 8) return 0;
  const end = source + size;
  let p = readCodes(source + 8, end);
  if (p == 0) return 0;
  p = readTable(1, 2, p, end, ofTable, 0);
  if (p == 0) return 0;
  ofLog = tableLog;
  p = readTable(2, 2, p, end, mlTable, 0);
  if (p == 0) return 0;
  mlLog = tableLog;
  p = readTable(0, 2, p, end, llTable, 0);
  if (p == 0 || p > end || end - p < 12) return 0;
  llLog = tableLog;
  rep1 = load<u32>(p);
  rep2 = load<u32>(p, 4);
  rep3 = load<u32>(p, 8);
  return p + 12 - source;
}

/** The first `bytes` of the buffer are what a dictionary holds: matches may reach back to it beyond the window. */
export function zstdHistory(bytes: usize): void {
  filled = bytes;
  windowBytes += bytes;
}

/** Bytes of the last block. */
export function zstdOutputBytes(): usize {
  return base + filled - blockAt;
}

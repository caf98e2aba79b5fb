// Snappy raw format, the same bytes as reference/snappy.ts: greedy matches by a hash table of 4-byte prefixes in blocks
// of 64 KB.

const BLOCK: usize = 65536;
const TABLE_BITS: i32 = 14;
const MARGIN: usize = 15;

/**
 * Compresses `length` bytes at `input` to `out`; 64 bytes after both may be read and written over. `table`: 32 KB.
 * Returns the bytes written; `out` must hold 32 + length + length / 6 of them.
 */
export function snappyCompress(input: usize, length: usize, out: usize, table: usize): usize {
  let at = out;
  let n = length;
  for (; n >= 128; n >>= 7) store<u8>(at++, (n & 127) | 128);
  store<u8>(at++, n);
  const end = input + length;
  for (let start = input; start < end; start += BLOCK) at = block(start, min(end, start + BLOCK), at, table);
  return at - out;
}

// @ts-ignore: decorator
@inline
function slotOf(word: u32): usize {
  return <usize>((word * 0x1e35a7bd) >> (32 - TABLE_BITS)) << 1;
}

function block(start: usize, end: usize, outAt: usize, table: usize): usize {
  memory.fill(table, 0, 2 << TABLE_BITS);
  let at = outAt;
  let literal = start;
  let i = start + 1;
  if (end - start <= MARGIN) return putLiteral(start, end, at);
  const limit = end - MARGIN;
  let misses: u32 = 32;
  while (i < limit) {
    const word = load<u32>(i);
    const slot = table + slotOf(word);
    const candidate = start + <usize>load<u16>(slot);
    store<u16>(slot, <u16>(i - start));
    if (candidate >= i || word !== load<u32>(candidate)) {
      i += <usize>(misses++ >> 5);
      continue;
    }
    misses = 32;
    at = putLiteral(literal, i, at);
    let matched: usize = 4;
    const most = end - i;
    while (matched + 8 <= most) {
      const differing = load<u64>(candidate + matched) ^ load<u64>(i + matched);
      if (differing !== 0) {
        matched += <usize>(ctz(differing) >> 3);
        break;
      }
      matched += 8;
    }
    if (matched + 8 > most) while (matched < most && load<u8>(candidate + matched) === load<u8>(i + matched)) matched++;
    at = putCopy(<u32>(i - candidate), <u32>matched, at);
    i += matched;
    literal = i;
  }
  return putLiteral(literal, end, at);
}

function putLiteral(from: usize, to: usize, outAt: usize): usize {
  const length = to - from;
  if (length === 0) return outAt;
  let at = outAt;
  const n = length - 1;
  if (n < 60) {
    store<u8>(at++, n << 2);
  } else if (n < 256) {
    store<u8>(at++, 60 << 2);
    store<u8>(at++, n);
  } else {
    store<u8>(at++, 61 << 2);
    store<u16>(at, n);
    at += 2;
  }
  if (length <= 64) for (let k: usize = 0; k < length; k += 16) v128.store(at + k, v128.load(from + k));
  else memory.copy(at, from, length);
  return at + length;
}

function putCopy(offset: u32, total: u32, outAt: usize): usize {
  let at = outAt;
  let length = total;
  while (length >= 68) {
    at = copy2(offset, 64, at);
    length -= 64;
  }
  if (length > 64) {
    at = copy2(offset, 60, at);
    length -= 60;
  }
  if (length < 12 && offset < 2048) {
    store<u8>(at, ((offset >> 8) << 5) | ((length - 4) << 2) | 1);
    store<u8>(at + 1, offset);
    return at + 2;
  }
  return copy2(offset, length, at);
}

// @ts-ignore: decorator
@inline
function copy2(offset: u32, length: u32, at: usize): usize {
  store<u8>(at, ((length - 1) << 2) | 2);
  store<u16>(at + 1, offset);
  return at + 3;
}

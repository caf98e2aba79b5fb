// 128-bit content hash: two families of four 64-bit lanes over stripes of 32 bytes, so that every word moves both
// halves of the result. The definition is ../reference/hash.ts.

const A: u64 = 0x9e3779b97f4a7c15;
const B: u64 = 0xc2b2ae3d27d4eb4f;
const FIRST: u64 = 0xbf58476d1ce4e5b9;
const SECOND: u64 = 0x94d049bb133111eb;

const tail = memory.data(32);

// @ts-ignore: decorator
@inline
function stepA(lane: u64, word: u64): u64 {
  return rotl<u64>(lane ^ word, 29) * A;
}

// @ts-ignore: decorator
@inline
function stepB(lane: u64, word: u64): u64 {
  return rotl<u64>(lane + word, 37) * B;
}

function mix(x: u64): u64 {
  x ^= x >> 32;
  x *= FIRST;
  x ^= x >> 29;
  x *= SECOND;
  return x ^ (x >> 32);
}

/**
 * Fills `out` with two u64 a row; rows that are not alive (`alive`: 0 = all, else one byte a row) get zeros. `offsets`:
 * rows + 1 int32 into `values`.
 */
export function contentHashes(values: usize, offsets: usize, rows: u32, alive: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const at = out + (row << 4);
    store<u64>(at, 0);
    store<u64>(at, 0, 8);
    if (alive != 0 && load<u8>(alive + row) == 0) continue;
    const start = load<u32>(offsets + (row << 2));
    hashTo(at, values + start, load<u32>(offsets + (row << 2), 4) - start);
  }
}

/** Stores the content hash of `bytes` bytes: two u64, high half first. */
export function hashTo(out: usize, p: usize, bytes: usize): void {
  const seed = <u64>bytes * B;
  let a0 = A + seed;
  let a1 = A * 2 + seed;
  let a2 = A * 3 + seed;
  let a3 = A * 4 + seed;
  let b0 = B ^ seed;
  let b1 = (B * 2) ^ seed;
  let b2 = (B * 3) ^ seed;
  let b3 = (B * 4) ^ seed;
  let left = bytes;
  while (left > 0) {
    if (left < 32) {
      memory.fill(tail, 0, 32);
      memory.copy(tail, p, left);
      p = tail;
      left = 32;
    }
    const w0 = load<u64>(p);
    const w1 = load<u64>(p, 8);
    const w2 = load<u64>(p, 16);
    const w3 = load<u64>(p, 24);
    a0 = stepA(a0, w0);
    a1 = stepA(a1, w1);
    a2 = stepA(a2, w2);
    a3 = stepA(a3, w3);
    b0 = stepB(b0, w0);
    b1 = stepB(b1, w1);
    b2 = stepB(b2, w2);
    b3 = stepB(b3, w3);
    p += 32;
    left -= 32;
  }
  let high = mix(a0 ^ seed);
  high = mix(high + a1);
  high = mix(high + a2);
  high = mix(high + a3);
  let low = mix(b3 ^ seed);
  low = mix(low + b2);
  low = mix(low + b1);
  low = mix(low + b0);
  store<u64>(out, high);
  store<u64>(out, low, 8);
}

// Hashes of units (words or bytes) and of what they add up to.
export const GOLDEN: u64 = 0x9e3779b97f4a7c15;
const B: u64 = 0xc2b2ae3d27d4eb4f;
const FIRST: u64 = 0xbf58476d1ce4e5b9;
const SECOND: u64 = 0x94d049bb133111eb;

// @ts-ignore: decorator
@inline
export function mix(x: u64): u64 {
  x ^= x >> 32;
  x *= FIRST;
  x ^= x >> 29;
  x *= SECOND;
  return x ^ (x >> 32);
}

/** Spreads a polynomial over 64 bits, so that the least of some is any of them. */
// @ts-ignore: decorator
@inline
export function spread(x: u64): u64 {
  return (x ^ (x >> 32)) * FIRST;
}

/** Hash of bytes, eight at a time; may look at 8 bytes beyond them. */
// @ts-ignore: decorator
@inline
export function hashOf(p: usize, bytes: usize): u64 {
  let h: u64 = GOLDEN ^ (<u64>bytes * B);
  for (const to = p + (bytes & ~7); p < to; p += 8) h = rotl<u64>(h ^ load<u64>(p), 29) * FIRST;
  const left = bytes & 7;
  if (left > 0) h = rotl<u64>(h ^ (load<u64>(p) & (((<u64>1) << (<u64>left << 3)) - 1)), 29) * FIRST;
  return mix(h);
}

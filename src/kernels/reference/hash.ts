const MASK = (1n << 64n) - 1n;
const A = 0x9e3779b97f4a7c15n;
const B = 0xc2b2ae3d27d4eb4fn;
const FIRST = 0xbf58476d1ce4e5b9n;
const SECOND = 0x94d049bb133111ebn;

const rotl = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & MASK;

/** The finaliser of SplitMix64 (Steele, Lea, Flood 2014), with 32-bit outer shifts. */
function mix(x: bigint): bigint {
  x &= MASK;
  x ^= x >> 32n;
  x = (x * FIRST) & MASK;
  x ^= x >> 29n;
  x = (x * SECOND) & MASK;
  return x ^ (x >> 32n);
}

/**
 * 128-bit content hash of a text, as two 64-bit halves. Not for secrets: it spreads well, but an adversary can make
 * collisions. Definition: the bytes, filled up with zeros to a multiple of 32, are little-endian words w; word 4k + i
 * moves lane i of two families, a = rotl(a xor w, 29) * A and b = rotl(b + w, 37) * B; the lanes start from the length
 * and are folded with `mix`.
 */
export function referenceContentHash(text: Uint8Array): readonly [high: bigint, low: bigint] {
  const seed = (BigInt(text.length) * B) & MASK;
  const lanes = [1n, 2n, 3n, 4n];
  const a = lanes.map((k) => (A * k + seed) & MASK);
  const b = lanes.map((k) => ((B * k) & MASK) ^ seed);
  const padded = new Uint8Array(Math.ceil(text.length / 32) * 32);
  padded.set(text);
  const words = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 32) {
    for (let i = 0; i < 4; i++) {
      const w = words.getBigUint64(at + 8 * i, true);
      a[i] = (rotl(a[i] ^ w, 29n) * A) & MASK;
      b[i] = (rotl((b[i] + w) & MASK, 37n) * B) & MASK;
    }
  }
  const fold = (x: readonly bigint[]): bigint => mix(mix(mix(mix(x[0] ^ seed) + x[1]) + x[2]) + x[3]);
  return [fold(a), fold([...b].reverse())];
}

// Permutations h * a + b modulo 2^61 - 1 where the product wraps around at 2^64 first, as 64-bit arithmetic of numpy
// does it.

const PRIME: u64 = (1 << 61) - 1;

/** Least value of each of `n` permutations over `count` hashes, u64 each; `a` and `b`: u64 x n. */
export function minhash61(hashes: usize, count: u32, a: usize, b: usize, n: u32, out: usize): void {
  for (let i: usize = 0; i < <usize>n; i++) {
    const x = load<u64>(a + (i << 3));
    const y = load<u64>(b + (i << 3));
    let least: u64 = ~(<u64>0);
    for (let k: usize = 0; k < <usize>count; k++) {
      const wrapped = load<u64>(hashes + (k << 3)) * x + y;
      let v = (wrapped & PRIME) + (wrapped >> 61);
      if (v >= PRIME) v -= PRIME;
      if (v < least) least = v;
    }
    store<u64>(out + (i << 3), least);
  }
}

const N = 624;
const M = 397;

/** The Mersenne Twister (Matsumoto, Nishimura 1998) as numpy's `RandomState(seed)` seeds and reads it. */
export class NumpyRandomState {
  #state = new Uint32Array(N);
  #at = N;

  constructor(seed: number) {
    this.#state[0] = seed;
    for (let i = 1; i < N; i++) {
      const before = this.#state[i - 1] ^ (this.#state[i - 1] >>> 30);
      this.#state[i] = Math.imul(1812433253, before) + i;
    }
  }

  uint32(): number {
    const s = this.#state;
    if (this.#at === N) {
      for (let i = 0; i < N; i++) {
        const y = (s[i] & 0x80000000) | (s[(i + 1) % N] & 0x7fffffff);
        s[i] = s[(i + M) % N] ^ (y >>> 1) ^ ((y & 1) === 0 ? 0 : 0x9908b0df);
      }
      this.#at = 0;
    }
    let y = s[this.#at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** `randint(low, high, dtype=uint64)`: from low to high - 1, by masked rejection. */
  randint64(low: bigint, high: bigint): bigint {
    const range = high - 1n - low;
    const mask = (1n << BigInt(range.toString(2).length)) - 1n;
    for (;;) {
      const upper = BigInt(this.uint32());
      const value = ((upper << 32n) | BigInt(this.uint32())) & mask;
      if (value <= range) return low + value;
    }
  }
}

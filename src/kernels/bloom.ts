import { ConfigError } from '../errors.ts';
import { kernelModule, openArena } from './arena.ts';

/** Bytes of a block: eight lanes of 32 bits. */
export const BLOCK_BYTES = 32;
/** A filter lies in one WebAssembly memory. */
export const MOST_FILTER_BYTES = 2 * 1024 ** 3;

/**
 * Share of unseen keys that a filter takes for seen ones: keys fall into blocks like a Poisson distribution, and each
 * key of a block sets one bit in each of eight lanes of 32 (Putze, Sanders, Singler 2007, section 3; the constants are
 * those of the Parquet format).
 */
export function falsePositiveRate(keys: number, blocks: number): number {
  const mean = keys / blocks;
  // Every bit is set long before the sum below would lose its first term.
  if (mean > 500) return 1;
  const last = Math.ceil(mean + 12 * Math.sqrt(mean) + 24);
  let probability = Math.exp(-mean);
  let rate = 0;
  for (let k = 1; k <= last; k++) {
    probability *= mean / k;
    rate += probability * (1 - (31 / 32) ** k) ** 8;
  }
  return rate;
}

/** Blocks that `keys` keys need for a rate. Errors: ConfigError when that is more than 2 GiB. */
export function blocksFor(keys: number, rate: number): number {
  let low = 0;
  let high = 1;
  while (falsePositiveRate(keys, high) > rate && high * BLOCK_BYTES <= MOST_FILTER_BYTES) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (falsePositiveRate(keys, middle) > rate) low = middle;
    else high = middle;
  }
  if (high * BLOCK_BYTES <= MOST_FILTER_BYTES) return high;
  throw new ConfigError({
    expected: 'a Bloom filter of at most 2 GiB',
    got: `${keys} keys with a false-positive rate of ${rate}`,
    where: 'expectedKeys, falsePositiveRate',
    fix: 'Allow a higher rate, or deduplicate by domain or shard in several runs.',
  });
}

/** A split-block Bloom filter over 64-bit keys, in a WebAssembly memory of its own. */
export interface BloomFilter {
  readonly blocks: number;
  /**
   * Looks keys up in order, adding each after its look-up: a key that repeats in the list is found.
   * @param alive one byte a key, 0 = neither looked up nor added; null = all. @returns 1 where the key may have been
   *   there
   */
  add(keys: BigUint64Array | BigInt64Array, alive?: Uint8Array | null): Uint8Array;
  /** Looks keys up only. */
  has(keys: BigUint64Array | BigInt64Array, alive?: Uint8Array | null): Uint8Array;
  /** The bits; a view that dies at the next call. Writing to it loads a filter. */
  bits(): Uint8Array;
}

/** Keys in one call of the kernel. */
const CHUNK = 1 << 16;

/** An empty filter; as definition see `referenceBloom`. */
export async function openBloom(blocks: number): Promise<BloomFilter> {
  const arena = openArena(await kernelModule());
  const filter = arena.alloc(blocks * BLOCK_BYTES);
  const keysAt = arena.alloc(CHUNK * 8);
  const aliveAt = arena.alloc(CHUNK);
  const seenAt = arena.alloc(CHUNK);
  const { memory } = arena.exports;
  const run = (keys: BigUint64Array | BigInt64Array, alive: Uint8Array | null, insert: number): Uint8Array => {
    const seen = new Uint8Array(keys.length);
    for (let from = 0; from < keys.length; from += CHUNK) {
      const to = Math.min(keys.length, from + CHUNK);
      new BigInt64Array(memory.buffer, keysAt, CHUNK).set(keys.subarray(from, to) as BigInt64Array);
      if (alive) new Uint8Array(memory.buffer, aliveAt, CHUNK).set(alive.subarray(from, to));
      arena.exports.bloomKeys(filter, blocks, keysAt, to - from, alive ? aliveAt : 0, insert, seenAt);
      seen.set(new Uint8Array(memory.buffer, seenAt, to - from), from);
    }
    return seen;
  };
  return {
    blocks,
    add: (keys, alive = null) => run(keys, alive, 1),
    has: (keys, alive = null) => run(keys, alive, 0),
    bits: () => new Uint8Array(memory.buffer, filter, blocks * BLOCK_BYTES),
  };
}

// Split-block Bloom filter: blocks of 256 bits, one bit in each of eight 32-bit lanes. The definition is
// ../reference/bloom.ts.

// @ts-ignore: decorator
@inline
function lanes(low: u32, salts: v128): v128 {
  // The top five bits of a product choose the bit; 2^bit by way of the exponent of a float.
  const bit = i32x4.shr_u(i32x4.mul(i32x4.splat(low), salts), 27);
  return i32x4.trunc_sat_f32x4_u(i32x4.shl(i32x4.add(bit, i32x4.splat(127)), 23));
}

// @ts-ignore: decorator
@inline
function blockOf(filter: usize, blocks: u32, high: u32): usize {
  return filter + (<usize>((<u64>high * <u64>blocks) >> 32) << 5);
}

/**
 * Looks `count` keys (u64 each) up, in order; with `insert` each is added after its look-up, so that a key that repeats
 * in the list is found. `seen[i]` = 1 when the key may have been there. `alive` 0 = all; keys with a 0 there are
 * neither looked up nor added, `seen` is 0.
 */
export function bloomKeys(filter: usize, blocks: u32, keys: usize, count: u32, alive: usize, insert: bool,
  seen: usize): u32 {
  const first = i32x4(0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d);
  const second = i32x4(0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31);
  let hits: u32 = 0;
  for (let i: usize = 0; i < <usize>count; i++) {
    if (alive != 0 && load<u8>(alive + i) == 0) {
      store<u8>(seen + i, 0);
      continue;
    }
    const low = load<u32>(keys + (i << 3));
    const at = blockOf(filter, blocks, load<u32>(keys + (i << 3), 4));
    const a = lanes(low, first);
    const b = lanes(low, second);
    const x = v128.load(at);
    const y = v128.load(at, 16);
    const missing = v128.or(v128.andnot(a, x), v128.andnot(b, y));
    const hit = <u32>!v128.any_true(missing);
    store<u8>(seen + i, <u8>hit);
    hits += hit;
    if (insert && hit == 0) {
      v128.store(at, v128.or(x, a));
      v128.store(at, v128.or(y, b), 16);
    }
  }
  return hits;
}

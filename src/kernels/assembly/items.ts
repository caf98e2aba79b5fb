// Arrays of numbers and bytes by address, and a choice without a branch.

export function sameBytes(a: usize, b: usize, bytes: u32): bool {
  let i: u32 = 0;
  for (; i + 8 <= bytes; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  for (; i < bytes; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false;
  return true;
}

// @ts-ignore: decorator
@inline
export function at32(array: usize, i: u32): u32 {
  return load<u32>(array + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
export function set32(array: usize, i: u32, value: u32): void {
  store<u32>(array + (<usize>i << 2), value);
}

/**
 * a if `condition` is 1, b if it is 0, as arithmetic: the engine makes a branch of a select, and the text would often
 * mislead it.
 */
// @ts-ignore: decorator
@inline
export function choose(condition: u32, a: u32, b: u32): u32 {
  return b ^ ((a ^ b) & (0 - condition));
}

// Bits of 64 bytes in four vectors: one a byte, the first lowest.

/** One bit a byte of four vectors: whether it is in the class of `table`. */
// @ts-ignore: decorator
@inline
export function inClass(table: usize, high: usize, a: v128, b: v128, c: v128, d: v128): u64 {
  const low = v128.load(table);
  const rows = v128.load(high);
  return <u64>inClass16(low, rows, a) | (<u64>inClass16(low, rows, b) << 16) | (<u64>inClass16(low, rows, c) << 32) |
    (<u64>inClass16(low, rows, d) << 48);
}

/** Of the table, row `high digit` has a bit at `low digit`; bytes beyond ASCII have no row. */
// @ts-ignore: decorator
@inline
function inClass16(low: v128, rows: v128, v: v128): u32 {
  const row = i8x16.swizzle(rows, i8x16.shr_u(v, 4));
  const found = v128.and(i8x16.swizzle(low, v128.and(v, i8x16.splat(15))), row);
  return <u32>i8x16.bitmask(i8x16.ne(found, i8x16.splat(0)));
}

// @ts-ignore: decorator
@inline
export function equal(byte: i8, a: v128, b: v128, c: v128, d: v128): u64 {
  const s = i8x16.splat(byte);
  return <u64>i8x16.bitmask(i8x16.eq(a, s)) | (<u64>i8x16.bitmask(i8x16.eq(b, s)) << 16) |
    (<u64>i8x16.bitmask(i8x16.eq(c, s)) << 32) | (<u64>i8x16.bitmask(i8x16.eq(d, s)) << 48);
}

// @ts-ignore: decorator
@inline
export function continuations(a: v128, b: v128, c: v128, d: v128): u64 {
  const s = i8x16.splat(-64);
  return <u64>i8x16.bitmask(i8x16.lt_s(a, s)) | (<u64>i8x16.bitmask(i8x16.lt_s(b, s)) << 16) |
    (<u64>i8x16.bitmask(i8x16.lt_s(c, s)) << 32) | (<u64>i8x16.bitmask(i8x16.lt_s(d, s)) << 48);
}

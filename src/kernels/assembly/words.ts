// Where words begin and end: at white space.

/** Bytes of the white space at `p`, or 0. */
// @ts-ignore: decorator
@inline
export function space(p: usize, c: u32): u32 {
  if (c <= 32) return c == 32 || (c >= 9 && c <= 13) ? 1 : 0;
  if (c < 0xc2) return 0;
  if (c == 0xc2) {
    const d = load<u8>(p, 1);
    return d == 0xa0 || d == 0x85 ? 2 : 0;
  }
  if (c == 0xe2) {
    const d = load<u8>(p, 1);
    const e = load<u8>(p, 2);
    if (d == 0x80) return e <= 0x8a || e == 0xa8 || e == 0xa9 || e == 0xaf ? 3 : 0;
    return d == 0x81 && e == 0x9f ? 3 : 0;
  }
  if (c == 0xe3) return load<u8>(p, 1) == 0x80 && load<u8>(p, 2) == 0x80 ? 3 : 0;
  if (c == 0xe1) return load<u8>(p, 1) == 0x9a && load<u8>(p, 2) == 0x80 ? 3 : 0;
  return 0;
}

/** Where the word that goes on at `q` ends; looks at 16 bytes at a time for what may be white space. */
// @ts-ignore: decorator
@inline
export function wordEnd(q: usize, to: usize): usize {
  while (q < to) {
    const v = v128.load(q);
    const low = i8x16.lt_u(v, i8x16.splat(33));
    const wide = v128.or(
      v128.or(i8x16.eq(v, i8x16.splat(<i8>0xc2)), i8x16.eq(v, i8x16.splat(<i8>0xe1))),
      v128.or(i8x16.eq(v, i8x16.splat(<i8>0xe2)), i8x16.eq(v, i8x16.splat(<i8>0xe3))),
    );
    const found = i8x16.bitmask(v128.or(low, wide));
    if (found == 0) {
      q += 16;
      continue;
    }
    q += ctz<i32>(found);
    if (q >= to || space(q, load<u8>(q)) > 0) break;
    q++;
  }
  return min(q, to);
}

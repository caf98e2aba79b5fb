// JSON string escapes, the same bytes as JSON.stringify for valid UTF-8: quote, backslash and controls below 0x20.

// @ts-ignore: decorator
@inline
function special(at: usize): v128 {
  const bytes = v128.load(at);
  const control = i8x16.lt_u(bytes, i8x16.splat(0x20));
  const quote = i8x16.eq(bytes, i8x16.splat(0x22));
  return v128.or(control, v128.or(quote, i8x16.eq(bytes, i8x16.splat(0x5c))));
}

/** How many bytes of `length` need an escape; 15 bytes after them may be read. */
export function countEscapes(input: usize, length: usize): u32 {
  let count: u32 = 0;
  let i: usize = 0;
  for (; i + 16 <= length; i += 16) count += popcnt(i8x16.bitmask(special(input + i)));
  if (i < length) count += popcnt(i8x16.bitmask(special(input + i)) & ((1 << (<i32>(length - i))) - 1));
  return count;
}

/**
 * Escapes rows `offsets[0..rows]` (absolute addresses are `input + offset`) one after the other to `out`, and writes
 * `rows + 1` offsets from 0. `out` must hold the bytes, 5 more for each escape, and 16 over the end.
 */
export function escapeJson(input: usize, offsets: usize, rows: i32, out: usize, outOffsets: usize): usize {
  let at = out;
  store<i32>(outOffsets, 0);
  for (let row = 0; row < rows; row++) {
    let i = input + <usize>load<i32>(offsets + ((<usize>row) << 2));
    const end = input + <usize>load<i32>(offsets + ((<usize>row) << 2) + 4);
    while (i < end) {
      v128.store(at, v128.load(i));
      const mask = <u32>i8x16.bitmask(special(i));
      const left = end - i;
      const plain = min(left, mask === 0 ? 16 : <usize>ctz(mask));
      i += plain;
      at += plain;
      if (mask === 0 || plain === left) continue;
      at = putEscape(load<u8>(i++), at);
    }
    store<i32>(outOffsets + ((<usize>row) << 2) + 4, <i32>(at - out));
  }
  return at - out;
}

function putEscape(byte: u8, at: usize): usize {
  let letter: u8 = 0;
  if (byte === 0x22 || byte === 0x5c) letter = byte;
  else if (byte === 0x0a) letter = 0x6e;
  else if (byte === 0x09) letter = 0x74;
  else if (byte === 0x0d) letter = 0x72;
  else if (byte === 0x08) letter = 0x62;
  else if (byte === 0x0c) letter = 0x66;
  store<u8>(at, 0x5c);
  if (letter !== 0) {
    store<u8>(at + 1, letter);
    return at + 2;
  }
  store<u32>(at + 1, 0x00303075); // u00
  store<u8>(at + 4, 0x30 + (byte >> 4));
  const low: u8 = byte & 15;
  store<u8>(at + 5, low < 10 ? 0x30 + low : 0x57 + low);
  return at + 6;
}

// Sums of the weights of byte n-grams, 64 labels wide. The definition is ../reference/language.ts.

const A: u64 = 0x9e3779b97f4a7c15;
const B: u64 = 0xc2b2ae3d27d4eb4f;
const C: u64 = 0xd6e8feb86659fd93;
/** A row of weights: 64 signed bytes. */
const ROW: u32 = 6;
/** Weights that fit a sum of 16 bits: 255 x 128 < 32768. */
const MOST: u32 = 252;

const wide = memory.data(64 * 4);

// Sums of 16 bits, eight labels each.
let s0: v128 = i64x2.splat(0);
let s1: v128 = i64x2.splat(0);
let s2: v128 = i64x2.splat(0);
let s3: v128 = i64x2.splat(0);
let s4: v128 = i64x2.splat(0);
let s5: v128 = i64x2.splat(0);
let s6: v128 = i64x2.splat(0);
let s7: v128 = i64x2.splat(0);

/** Copies a text as the model reads it; returns where it ends. */
function plain(p: usize, end: usize, out: usize): usize {
  store<u8>(out, 32);
  let q = out + 1;
  let gap = true;
  for (; p < end; p++) {
    const b = <u32>load<u8>(p);
    const lower = b - 65 < 26 ? b + 32 : b;
    if (lower >= 128 || lower - 97 < 26) {
      store<u8>(q++, <u8>lower);
      gap = false;
    } else if (!gap) {
      store<u8>(q++, 32);
      gap = true;
    }
  }
  if (!gap) store<u8>(q++, 32);
  return q;
}

// @ts-ignore: decorator
@inline
function widen(at: usize, v: v128): void {
  v128.store(at, i32x4.add(v128.load(at), i32x4.extend_low_i16x8_s(v)));
  v128.store(at, i32x4.add(v128.load(at, 16), i32x4.extend_high_i16x8_s(v)), 16);
}

function flush(): void {
  const zero = i64x2.splat(0);
  widen(wide, s0);
  widen(wide + 32, s1);
  widen(wide + 64, s2);
  widen(wide + 96, s3);
  widen(wide + 128, s4);
  widen(wide + 160, s5);
  widen(wide + 192, s6);
  widen(wide + 224, s7);
  s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = zero;
}

// @ts-ignore: decorator
@inline
function add(row: usize): void {
  const a = v128.load(row);
  const b = v128.load(row, 16);
  const c = v128.load(row, 32);
  const d = v128.load(row, 48);
  s0 = i16x8.add(s0, i16x8.extend_low_i8x16_s(a));
  s1 = i16x8.add(s1, i16x8.extend_high_i8x16_s(a));
  s2 = i16x8.add(s2, i16x8.extend_low_i8x16_s(b));
  s3 = i16x8.add(s3, i16x8.extend_high_i8x16_s(b));
  s4 = i16x8.add(s4, i16x8.extend_low_i8x16_s(c));
  s5 = i16x8.add(s5, i16x8.extend_high_i8x16_s(c));
  s6 = i16x8.add(s6, i16x8.extend_low_i8x16_s(d));
  s7 = i16x8.add(s7, i16x8.extend_high_i8x16_s(d));
}

/**
 * For each row of text 64 sums (i32 each) in `out` and its number of n-grams in `counts`. At most `most` bytes of a
 * text are read, to the end of a code point; `scratch` has room for those and 80 more.
 */
export function languageSums(weights: usize, bits: u32, text: usize, offsets: usize, rows: u32, alive: usize, most: u32,
  scratch: usize, out: usize, counts: usize): void {
  const shift = <u64>(64 - bits);
  for (let row: usize = 0; row < <usize>rows; row++) {
    store<u32>(counts + (row << 2), 0);
    memory.fill(out + (row << 8), 0, 256);
    if (alive != 0 && load<u8>(alive + row) == 0) continue;
    const from = text + load<u32>(offsets + (row << 2));
    let to = text + load<u32>(offsets + (row << 2), 4);
    if (<u32>(to - from) > most) {
      to = from + most;
      while (to > from && (<u32>load<u8>(to) & 0xc0) == 0x80) to--;
    }
    const end = plain(from, to, scratch);
    memory.fill(end, 0, 16);
    memory.fill(wide, 0, 256);
    let n: u32 = 0;
    let since: u32 = 0;
    for (let p = scratch; p + 3 <= end; p++) {
      if ((<u32>load<u8>(p) & 0xc0) == 0x80) continue;
      const v = load<u64>(p);
      add(weights + <usize>(((v & 0xffffff) * A) >> shift << ROW));
      n++;
      if (p + 4 <= end) {
        add(weights + <usize>(((v & 0xffffffff) * B) >> shift << ROW));
        n++;
      }
      if (p + 6 <= end) {
        add(weights + <usize>(((v & 0xffffffffffff) * C) >> shift << ROW));
        n++;
      }
      since += 3;
      if (since >= MOST) {
        flush();
        since = 0;
      }
    }
    flush();
    store<u32>(counts + (row << 2), n);
    memory.copy(out + (row << 8), wide, 256);
  }
}

// JSON as bytes: strings, numbers and values of one line (RFC 8259). Every function stops at a control character, so at
// the end of the line.

export const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const MAX_DEPTH: u32 = 1000;

/** Byte of a simple escape, 0 = not one. */
const simple = memory.data(256);
/** 0 to 15 of a hexadecimal digit, 255 = not one. */
const hex = memory.data(256);
/** One byte per open bracket: 1 = object. */
const nesting = memory.data(1024);

let ready = false;

/** Makes the tables, once. */
export function makeTables(): void {
  if (ready) return;
  memory.fill(hex, 255, 256);
  for (let i = 0; i < 10; i++) store<u8>(hex + 0x30 + i, <u8>i);
  for (let i = 0; i < 6; i++) {
    store<u8>(hex + 0x41 + i, <u8>(10 + i));
    store<u8>(hex + 0x61 + i, <u8>(10 + i));
  }
  store<u8>(simple + 0x22, 0x22);
  store<u8>(simple + 0x5c, 0x5c);
  store<u8>(simple + 0x2f, 0x2f);
  store<u8>(simple + 0x62, 8);
  store<u8>(simple + 0x66, 12);
  store<u8>(simple + 0x6e, 10);
  store<u8>(simple + 0x72, 13);
  store<u8>(simple + 0x74, 9);
  ready = true;
}

/** Bits of the bytes that end a run inside a string: quote, backslash, control characters. */
// @ts-ignore: decorator
@inline
function specials(v: v128): u32 {
  const stops = v128.or(
    v128.or(i8x16.eq(v, i8x16.splat(0x22)), i8x16.eq(v, i8x16.splat(0x5c))),
    i8x16.eq(i8x16.min_u(v, i8x16.splat(0x1f)), v),
  );
  return <u32>i8x16.bitmask(stops);
}

/** JSON white space but the newline, which ends the line. */
// @ts-ignore: decorator
@inline
export function space(p: usize): usize {
  let c: u32 = load<u8>(p);
  while (c == 0x20 || c == 9 || c == 13) c = load<u8>(++p);
  return p;
}

/** Code unit of four hexadecimal digits, or -1. */
function unit(p: usize): i32 {
  const a: u32 = load<u8>(hex + <usize>load<u8>(p));
  const b: u32 = load<u8>(hex + <usize>load<u8>(p, 1));
  const c: u32 = load<u8>(hex + <usize>load<u8>(p, 2));
  const d: u32 = load<u8>(hex + <usize>load<u8>(p, 3));
  return (a | b | c | d) > 15 ? -1 : <i32>((a << 12) | (b << 8) | (c << 4) | d);
}

/**
 * Code point of the escape `\u....` (or a pair of them) at `p`, or -1 when it is broken or half a pair. `escapeBytes`
 * is its length.
 */
let escapeBytes: usize = 0;
function unicodeEscape(p: usize): i32 {
  const high = unit(p + 2);
  escapeBytes = 6;
  if ((high & 0xf800) != 0xd800) return high;
  if (high < 0 || high >= 0xdc00 || load<u16>(p, 6) != 0x755c) return -1;
  const low = unit(p + 8);
  if ((low & 0xfffffc00) != 0xdc00) return -1;
  escapeBytes = 12;
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

export let escaped: bool = false;

/** The closing quote of the string whose first byte is at `p`, or 0. */
export function stringEnd(p: usize): usize {
  escaped = false;
  while (true) {
    const stops = specials(v128.load(p));
    if (stops == 0) {
      p += 16;
      continue;
    }
    p += <usize>ctz(stops);
    const c: u32 = load<u8>(p);
    if (c == QUOTE) return p;
    if (c != BACKSLASH) return 0;
    escaped = true;
    const e: u32 = load<u8>(p, 1);
    if (e == 0x75) {
      if (unicodeEscape(p) < 0) return 0;
      p += escapeBytes;
    } else {
      if (load<u8>(simple + <usize>e) == 0) return 0;
      p += 2;
    }
  }
}

export let written: usize = 0;
/** Where unescaping ended last: the bytes before it may be written over. */
export let failAt: usize = 0;

/** Nothing is unescaped yet of the line at `p`. */
export function startAt(p: usize): void {
  failAt = p;
}

/**
 * Unescapes the string whose first byte is at `p` to `out`; returns its closing quote, or 0. `written` is the end of
 * what was written.
 */
export function unescape(p: usize, out: usize): usize {
  while (true) {
    // Two vectors at a time; what lies behind an escape in them is written again.
    const v = v128.load(p);
    const w = v128.load(p, 16);
    const stops = specials(v) | (specials(w) << 16);
    v128.store(out, v);
    v128.store(out, w, 16);
    if (stops == 0) {
      p += 32;
      out += 32;
      continue;
    }
    const clean = <usize>ctz(stops);
    p += clean;
    out += clean;
    const c: u32 = load<u8>(p);
    if (c != BACKSLASH) {
      written = out;
      failAt = p;
      return c == QUOTE ? p : 0;
    }
    const e: u32 = load<u8>(p, 1);
    const byte = load<u8>(simple + <usize>e);
    if (byte != 0) {
      store<u8>(out, byte);
      out++;
      p += 2;
      continue;
    }
    const cp = e == 0x75 ? unicodeEscape(p) : -1;
    if (cp < 0) {
      failAt = p;
      return 0;
    }
    p += escapeBytes;
    out = putCodePoint(out, <u32>cp);
  }
}

function putCodePoint(out: usize, cp: u32): usize {
  if (cp < 0x80) {
    store<u8>(out, <u8>cp);
    return out + 1;
  }
  if (cp < 0x800) {
    store<u8>(out, <u8>(0xc0 | (cp >> 6)));
    store<u8>(out, <u8>(0x80 | (cp & 63)), 1);
    return out + 2;
  }
  if (cp < 0x10000) {
    store<u8>(out, <u8>(0xe0 | (cp >> 12)));
    store<u8>(out, <u8>(0x80 | ((cp >> 6) & 63)), 1);
    store<u8>(out, <u8>(0x80 | (cp & 63)), 2);
    return out + 3;
  }
  store<u8>(out, <u8>(0xf0 | (cp >> 18)));
  store<u8>(out, <u8>(0x80 | ((cp >> 12) & 63)), 1);
  store<u8>(out, <u8>(0x80 | ((cp >> 6) & 63)), 2);
  store<u8>(out, <u8>(0x80 | (cp & 63)), 3);
  return out + 4;
}

// @ts-ignore: decorator
@inline
function isDigit(p: usize): bool {
  return <u32>load<u8>(p) - 0x30 < 10;
}

function digits(p: usize): usize {
  while (isDigit(p)) p++;
  return p;
}

/** End of the number at `p`, or 0. */
export function numberEnd(p: usize): usize {
  if (load<u8>(p) == 0x2d) p++;
  if (!isDigit(p)) return 0;
  p = load<u8>(p) == 0x30 ? p + 1 : digits(p);
  if (load<u8>(p) == 0x2e) {
    if (!isDigit(p + 1)) return 0;
    p = digits(p + 1);
  }
  if ((load<u8>(p) | 0x20) == 0x65) {
    p++;
    const sign: u32 = load<u8>(p);
    if (sign == 0x2b || sign == 0x2d) p++;
    if (!isDigit(p)) return 0;
    p = digits(p);
  }
  return p;
}

/** First byte of the value after the key whose first byte is at `p`, or 0; `keyEnd` is the closing quote of the key. */
export let keyEnd: usize = 0;
// @ts-ignore: decorator
@inline
export function valueAfterKey(p: usize): usize {
  keyEnd = stringEnd(p);
  if (keyEnd == 0) return 0;
  p = space(keyEnd + 1);
  return load<u8>(p) == 0x3a ? space(p + 1) : 0;
}

/** End of the JSON value at `p`, or 0. `open`: brackets around it. */
export function valueEnd(p: usize, open: u32): usize {
  let depth = open;
  while (true) {
    const c: u32 = load<u8>(p);
    if (c == QUOTE) {
      p = stringEnd(p + 1);
      if (p == 0) return 0;
      p++;
    } else if (c == 0x7b || c == 0x5b) {
      if (++depth > MAX_DEPTH) return 0;
      const object = c == 0x7b;
      store<u8>(nesting + depth, object ? 1 : 0);
      p = space(p + 1);
      if (<u32>load<u8>(p) == c + 2) {
        p++;
        depth--;
      } else {
        if (object) {
          if (load<u8>(p) != QUOTE) return 0;
          p = valueAfterKey(p + 1);
          if (p == 0) return 0;
        }
        continue;
      }
    } else if (c == 0x74) {
      if (load<u32>(p) != 0x65757274) return 0;
      p += 4;
    } else if (c == 0x66) {
      if (load<u32>(p, 1) != 0x65736c61) return 0;
      p += 5;
    } else if (c == 0x6e) {
      if (load<u32>(p) != 0x6c6c756e) return 0;
      p += 4;
    } else {
      p = numberEnd(p);
      if (p == 0) return 0;
    }
    // After a value: the next one of the same bracket, or its end.
    while (true) {
      if (depth == open) return p;
      p = space(p);
      const object = load<u8>(nesting + depth) == 1;
      const d: u32 = load<u8>(p);
      if (d == 0x2c) {
        p = space(p + 1);
        if (object) {
          if (load<u8>(p) != QUOTE) return 0;
          p = valueAfterKey(p + 1);
          if (p == 0) return 0;
        }
        break;
      }
      if (d != <u32>(object ? 0x7d : 0x5d)) return 0;
      p++;
      depth--;
    }
  }
}


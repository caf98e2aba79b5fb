// FSE tables as zstd has them (RFC 8878, section 4.1).

const next = memory.data(2 * 256);

/**
 * Reads normalised counts at `p` into `counts` (i16 each, -1 = less than one); returns bytes << 16 | symbols << 8 |
 * log, or 0 for damage.
 */
export function readCounts(p: usize, end: usize, counts: usize, maxSymbols: u32, maxLog: u32): u32 {
  if (p >= end) return 0;
  const log = (<u32>load<u8>(p) & 15) + 5;
  if (log > maxLog) return 0;
  let bit: usize = 4;
  const bits = (end - p) << 3;
  let remaining: i32 = (1 << log) + 1;
  let threshold: i32 = 1 << log;
  let width: u32 = log + 1;
  let symbol: usize = 0;
  let zeros = false;
  while (remaining > 1) {
    if (bit > bits) return 0;
    if (zeros) {
      while (true) {
        const run = (<u32>load<u32>(p + (bit >> 3)) >> <u32>(bit & 7)) & 3;
        bit += 2;
        for (let i: u32 = 0; i < run; i++) {
          if (symbol >= <usize>maxSymbols) return 0;
          store<i16>(counts + (symbol++ << 1), 0);
        }
        if (run != 3) break;
        if (bit > bits) return 0;
      }
    }
    if (symbol >= <usize>maxSymbols) return 0;
    const most = 2 * threshold - 1 - remaining;
    const peek = <i32>((load<u32>(p + (bit >> 3)) >> <u32>(bit & 7)) & <u32>(2 * threshold - 1));
    let count: i32;
    if ((peek & (threshold - 1)) < most) {
      count = peek & (threshold - 1);
      bit += width - 1;
    } else {
      count = peek >= threshold ? peek - most : peek;
      bit += width;
    }
    count--;
    remaining -= count < 0 ? -count : count;
    store<i16>(counts + (symbol++ << 1), <i16>count);
    zeros = count == 0;
    while (remaining < threshold && threshold > 1) {
      width--;
      threshold >>= 1;
    }
  }
  if (remaining != 1 || bit > bits) return 0;
  return (<u32>((bit + 7) >> 3) << 16) | (<u32>symbol << 8) | log;
}

/** Builds 2^log entries (symbol u8, bits u8, next state u16) from counts; false when they do not add up. */
export function buildFse(counts: usize, symbols: u32, log: u32, table: usize): bool {
  const size: u32 = 1 << log;
  let high: i32 = <i32>size - 1;
  for (let s: u32 = 0; s < symbols; s++) {
    const count = load<i16>(counts + (<usize>s << 1));
    if (count == -1) {
      if (high < 0) return false;
      store<u8>(table + (<usize>high << 2), <u8>s);
      high--;
      store<u16>(next + (<usize>s << 1), 1);
    } else store<u16>(next + (<usize>s << 1), <u16>count);
  }
  const step = (size >> 1) + (size >> 3) + 3;
  const mask = size - 1;
  let at: u32 = 0;
  for (let s: u32 = 0; s < symbols; s++) {
    const count = <i32>load<i16>(counts + (<usize>s << 1));
    for (let i: i32 = 0; i < count; i++) {
      store<u8>(table + (<usize>at << 2), <u8>s);
      do {
        at = (at + step) & mask;
      } while (<i32>at > high);
    }
  }
  if (at != 0) return false;
  for (let i: u32 = 0; i < size; i++) {
    const entry = table + (<usize>i << 2);
    const state = next + (<usize>load<u8>(entry) << 1);
    const x: u32 = load<u16>(state);
    if (x == 0) return false;
    store<u16>(state, <u16>(x + 1));
    const bits = log - (31 - clz(x));
    store<u8>(entry, <u8>bits, 1);
    store<u16>(entry, <u16>((x << bits) - size), 2);
  }
  return true;
}

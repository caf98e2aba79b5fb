// Code tables of the sequences of a block: lengths of literals, offsets, lengths of matches (RFC 8878, 3.1.1.3.2).
import { buildFse, readCounts } from './fse';
import { llBase, llBits, llDefault, mlBase, mlBits, mlDefault, ofDefault } from './zstd-tables';

// A code table is 2^log entries of 8 bytes: base u32, extra bits u8, state bits u8, next state u16.
export const llTable = memory.data(8 * 512);
export const ofTable = memory.data(8 * 256);
export const mlTable = memory.data(8 * 512);
const counts = memory.data(2 * 64);
/** Entries of a plain FSE table: symbol u8, bits u8, next state u16. */
const plain = memory.data(4 * 512);

/** Makes the code table of one kind from the counts, or from one symbol (`log` 0). */
function fillTable(kind: u32, table: usize, log: u32): bool {
  const size: usize = (<usize>1) << log;
  for (let i: usize = 0; i < size; i++) {
    const from = plain + (i << 2);
    const symbol: usize = load<u8>(from);
    const to = table + (i << 3);
    if (kind == 0) {
      if (symbol > 35) return false;
      store<u32>(to, load<u32>(llBase + (symbol << 2)));
      store<u8>(to, load<u8>(llBits + symbol), 4);
    } else if (kind == 1) {
      if (symbol > 31) return false;
      store<u32>(to, (<u32>1) << <u32>symbol);
      store<u8>(to, <u8>symbol, 4);
    } else {
      if (symbol > 52) return false;
      store<u32>(to, load<u32>(mlBase + (symbol << 2)));
      store<u8>(to, load<u8>(mlBits + symbol), 4);
    }
    store<u8>(to, load<u8>(from, 1), 5);
    store<u16>(to, load<u16>(from, 2), 6);
  }
  return true;
}

/** Reads the table of one kind at `p`; returns one past its description, or 0. `tableLog`: log + 1. */
export let tableLog: u32 = 0;
export function readTable(kind: u32, mode: u32, p: usize, end: usize, table: usize, before: u32): usize {
  if (mode == 3) {
    tableLog = before;
    return before == 0 ? 0 : p;
  }
  if (mode == 1) {
    if (p >= end) return 0;
    store<u8>(plain, load<u8>(p));
    store<u8>(plain, 0, 1);
    store<u16>(plain, 0, 2);
    tableLog = 1;
    return fillTable(kind, table, 0) ? p + 1 : 0;
  }
  let log: u32 = kind == 1 ? 5 : 6;
  let symbols: u32 = kind == 0 ? 36 : kind == 1 ? 29 : 53;
  let next = p;
  let from: usize = kind == 0 ? llDefault : kind == 1 ? ofDefault : mlDefault;
  if (mode == 2) {
    const read = readCounts(p, end, counts, kind == 0 ? 36 : kind == 1 ? 32 : 53, kind == 1 ? 8 : 9);
    if (read == 0) return 0;
    next = p + <usize>(read >> 16);
    log = read & 0xff;
    symbols = (read >> 8) & 0xff;
    from = counts;
  }
  if (!buildFse(from, symbols, log, plain) || !fillTable(kind, table, log)) return 0;
  tableLog = log + 1;
  return next;
}

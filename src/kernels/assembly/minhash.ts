// MinHash of texts; the definition is ../reference/minhash.ts.
import { arenaAlloc } from './arena';
import { hashTo } from './hash';
import { listed, openShingles, total } from './minhash-shingles';
import { bandKeys, densify, permutations, SIGNATURE } from './minhash-sketch';
import { readWords } from './minhash-words';

/** Code as it is compared, at `room`: no white space at line ends, no blank lines. */
function copyCode(p: usize, end: usize, room: usize): usize {
  let out = room;
  let line = out;
  let solid = out;
  for (; p < end; p++) {
    const b = <u32>load<u8>(p);
    if (b != 0x0a) {
      store<u8>(out, <u8>b);
      out++;
      if (b != 0x20 && b != 0x09 && (b < 0x0b || b > 0x0d)) solid = out;
      continue;
    }
    out = solid;
    if (out > line) {
      store<u8>(out, 0x0a);
      out++;
    }
    line = solid = out;
  }
  out = solid;
  return out == line && out > room ? out - 1 : out;
}

/**
 * For each row: `keys`, band-major, 64-bit keys of its bands; `norm`, two u64 of the content hash of its normalised
 * text (of rows that `codes` says are code, as code; 0 = none), high half first; `counts`, its shingles
 * with repeats, -1 for rows left out (`alive`: 0 = all, else one byte a
 * row). Rows without a shingle get zeros as keys. `signatures`: 0, or room for the signatures (u32, rows x
 * permutations). `room`: for the longest normalised text.
 */
export function minhashKeys(
  values: usize, offsets: usize, rows: u32, alive: usize, codes: usize, keys: usize, norm: usize, counts: usize,
  signatures: usize, room: usize,
): void {
  openShingles(false);
  for (let row: usize = 0; row < <usize>rows; row++) {
    if (alive != 0 && load<u8>(alive + row) == 0) {
      store<i32>(counts + (row << 2), -1);
      continue;
    }
    const start = values + load<u32>(offsets + (row << 2));
    memory.fill(SIGNATURE, 0xff, <usize>permutations << 2);
    const end = values + load<u32>(offsets + (row << 2), 4);
    let out = readWords(start, end, room);
    if (codes != 0 && load<u8>(codes + row) != 0) out = copyCode(start, end, room);
    hashTo(norm + (row << 4), room, out - room);
    store<i32>(counts + (row << 2), <i32>total);
    if (total == 0) continue;
    densify();
    bandKeys(keys + (row << 3), <usize>rows << 3);
    if (signatures != 0) memory.copy(signatures + row * (<usize>permutations << 2), SIGNATURE,
      <usize>permutations << 2);
  }
}

/**
 * Shingle hashes of one text, with repeats, one after the other from the address that comes back; their number is
 * `minhashListed()`.
 */
export function minhashList(start: usize, bytes: usize, room: usize): usize {
  openShingles(true);
  const list = arenaAlloc(0);
  readWords(start, start + bytes, room);
  return list;
}

export function minhashListed(): u32 {
  return listed;
}

import type { KeyTables } from './key-tables.ts';

/**
 * Parts of a key column by the upper ten bits of the key: each has a table that stays in the processor's cache,
 * whatever the corpus.
 */
const PARTS = 1024;
/** Of an entry: the key and the number of the document. */
const ENTRY_BYTES = 12;

/**
 * Finds documents of equal 64-bit keys in a column. Calls `pair` for every document but the first of each key, in input
 * order within a key, with the first and a number of the key (from 0, over this call), `fresh` when the key has its
 * second document.
 * @param counts one byte a document: 1 = look at it. Memory: 12 bytes a document; where that is more than
 *   `memoryBytes`, the column is read again for each range of keys that fits.
 */
export function eachEqualKey(
  tables: KeyTables,
  column: string,
  counts: Uint8Array,
  memoryBytes: number,
  pair: (first: number, document: number, key: number, fresh: boolean) => void,
): void {
  const sizes = new Float64Array(PARTS);
  tables.scan([column], ([buffer], from, rows) => {
    const words = new Uint32Array(buffer, 0, rows * 2);
    for (let i = 0; i < rows; i++) if (counts[from + i] === 1) sizes[words[2 * i + 1] >>> 22]++;
  });
  let keys = 0;
  for (let part = 0; part < PARTS; ) {
    let to = part;
    let entries = 0;
    do entries += sizes[to++];
    while (to < PARTS && (entries + sizes[to]) * ENTRY_BYTES <= memoryBytes);
    if (entries > 0) keys = rangeOfKeys(tables, column, counts, sizes, part, to, entries, keys, pair);
    part = to;
  }
}

function rangeOfKeys(
  tables: KeyTables,
  column: string,
  counts: Uint8Array,
  sizes: Float64Array,
  part: number,
  to: number,
  entries: number,
  keyCount: number,
  pair: (first: number, document: number, key: number, fresh: boolean) => void,
): number {
  const low = new Uint32Array(entries);
  const high = new Uint32Array(entries);
  const documents = new Int32Array(entries);
  const next = new Float64Array(PARTS);
  for (let p = part, at = 0; p < to; at += sizes[p++]) next[p] = at;
  tables.scan([column], ([buffer], from, rows) => {
    const words = new Uint32Array(buffer, 0, rows * 2);
    for (let i = 0; i < rows; i++) {
      const p = words[2 * i + 1] >>> 22;
      if (p < part || p >= to || counts[from + i] !== 1) continue;
      const k = next[p]++;
      low[k] = words[2 * i];
      high[k] = words[2 * i + 1];
      documents[k] = from + i;
    }
  });
  let largest = 0;
  for (let p = part; p < to; p++) largest = Math.max(largest, sizes[p]);
  const table = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(16, largest * 2))));
  /** Number of the key whose first document an entry is. */
  const numbers = new Int32Array(largest);
  let keys = keyCount;
  for (let p = part, start = 0; p < to; start += sizes[p++]) {
    const count = sizes[p];
    if (count < 2) continue;
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, count * 2)));
    table.fill(-1, 0, size);
    numbers.fill(-1, 0, count);
    for (let k = 0; k < count; k++) {
      const e = start + k;
      for (let slot = low[e] & (size - 1); ; slot = (slot + 1) & (size - 1)) {
        const other = table[slot];
        if (other < 0) {
          table[slot] = k;
          break;
        }
        const f = start + other;
        if (low[f] !== low[e] || high[f] !== high[e]) continue;
        const fresh = numbers[other] < 0;
        if (fresh) numbers[other] = keys++;
        pair(documents[f], documents[e], numbers[other], fresh);
        break;
      }
    }
  }
  return keys;
}

import { KeyNumbers } from './key-numbers.ts';
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
  const words = new Uint32Array(entries * 2);
  const documents = new Int32Array(entries);
  const next = new Float64Array(PARTS);
  for (let p = part, at = 0; p < to; at += sizes[p++]) next[p] = at;
  tables.scan([column], ([buffer], from, rows) => {
    const column = new Uint32Array(buffer, 0, rows * 2);
    for (let i = 0; i < rows; i++) {
      const p = column[2 * i + 1] >>> 22;
      if (p < part || p >= to || counts[from + i] !== 1) continue;
      const k = next[p]++;
      words[2 * k] = column[2 * i];
      words[2 * k + 1] = column[2 * i + 1];
      documents[k] = from + i;
    }
  });
  let largest = 0;
  for (let p = part; p < to; p++) largest = Math.max(largest, sizes[p]);
  const seen = new KeyNumbers(2, largest);
  /** Of each different key of a part: its first document, and its number once it has a second one. */
  const first = new Int32Array(largest);
  const numbers = new Int32Array(largest);
  let keys = keyCount;
  for (let p = part, start = 0; p < to; start += sizes[p++]) {
    if (sizes[p] < 2) continue;
    seen.clear(sizes[p]);
    for (let e = start; e < start + sizes[p]; e++) {
      const known = seen.count;
      const n = seen.number(words, 2 * e);
      if (n === known) {
        first[n] = documents[e];
        numbers[n] = -1;
        continue;
      }
      const fresh = numbers[n] < 0;
      if (fresh) numbers[n] = keys++;
      pair(first[n], documents[e], numbers[n], fresh);
    }
  }
  return keys;
}

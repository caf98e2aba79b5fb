import { breathe } from '../streams/inputs/walk.ts';

/** Rows by 32 bits of a hash; six bytes a row. */
export interface HashTable {
  /** Rows with this hash, in the order in which they were given; null: more than `most`. */
  find(hash: number, most: number): number[] | null;
  /** Bytes of memory. */
  readonly bytes: number;
}

const BUCKETS = 2 ** 16;
/** Rows that are put in place before others have a turn on the thread. */
const STEP = 2 ** 18;

/**
 * Puts rows into buckets by the upper half of their hashes, and keeps the lower half beside each.
 * @param hashes one for each row
 * @param numbers of the rows, ascending; default 0, 1, 2 ...
 */
export async function hashTable(hashes: Uint32Array, numbers: Uint32Array | null = null): Promise<HashTable> {
  const starts = new Uint32Array(BUCKETS + 1);
  const rows = new Uint32Array(hashes.length);
  const rest = new Uint16Array(hashes.length);
  let began = performance.now();
  for (let from = 0; from < hashes.length; from += STEP) {
    const end = Math.min(hashes.length, from + STEP);
    for (let i = from; i < end; i++) starts[(hashes[i] >>> 16) + 1]++;
    began = await breathe(began);
  }
  for (let b = 0; b < BUCKETS; b++) starts[b + 1] += starts[b];
  const next = starts.slice();
  for (let from = 0; from < hashes.length; from += STEP) {
    const end = Math.min(hashes.length, from + STEP);
    for (let i = from; i < end; i++) {
      const at = next[hashes[i] >>> 16]++;
      rows[at] = numbers === null ? i : numbers[i];
      rest[at] = hashes[i] & 0xffff;
    }
    began = await breathe(began);
  }
  return {
    bytes: starts.byteLength + rows.byteLength + rest.byteLength,
    find(hash, most) {
      const found: number[] = [];
      const [bucket, low] = [hash >>> 16, hash & 0xffff];
      for (let at = starts[bucket]; at < starts[bucket + 1]; at++) {
        if (rest[at] !== low) continue;
        if (found.length === most) return null;
        found.push(rows[at]);
      }
      return found;
    },
  };
}

import { Held } from '../tables/held.ts';

/** Most bytes of sets that are held. */
export const SETS_BYTES = 32e6;

/** Distinct shingle hashes of a document, in a table that answers membership. */
export interface ShingleSet {
  /** Two words a slot, low half first; 0, 0 = empty. A power of two of slots. */
  readonly table: Uint32Array;
  readonly count: number;
}

/** @param hashes two words each, low half first, with repeats. */
export function shingleSet(hashes: Uint32Array): ShingleSet {
  const slots = 2 ** Math.ceil(Math.log2(Math.max(8, hashes.length)));
  const table = new Uint32Array(slots * 2);
  let count = 0;
  for (let i = 0; i < hashes.length; i += 2) {
    // No hash is 0, 0: that means an empty slot.
    const low = hashes[i] === 0 && hashes[i + 1] === 0 ? 1 : hashes[i];
    const high = hashes[i + 1];
    for (let slot = low & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const at = 2 * slot;
      if (table[at] === 0 && table[at + 1] === 0) {
        table[at] = low;
        table[at + 1] = high;
        count++;
        break;
      }
      if (table[at] === low && table[at + 1] === high) break;
    }
  }
  return { table, count };
}

/** Jaccard similarity of two sets; 0 when either is empty. */
export function jaccard(a: ShingleSet, b: ShingleSet): number {
  const [small, large] = a.table.length <= b.table.length ? [a.table, b.table] : [b.table, a.table];
  const mask = large.length / 2 - 1;
  let common = 0;
  for (let i = 0; i < small.length; i += 2) {
    const low = small[i];
    const high = small[i + 1];
    if (low === 0 && high === 0) continue;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const at = 2 * slot;
      if (large[at] === low && large[at + 1] === high) {
        common++;
        break;
      }
      if (large[at] === 0 && large[at + 1] === 0) break;
    }
  }
  return a.count === 0 || b.count === 0 ? 0 : common / (a.count + b.count - common);
}

/**
 * Sets of the documents that others are compared with, by their number: the last ones used.
 * @param bytes of them together
 */
export const heldSets = (read: (document: number) => ShingleSet, bytes = SETS_BYTES): Held<ShingleSet> =>
  new Held(read, (set) => set.table.byteLength, bytes);

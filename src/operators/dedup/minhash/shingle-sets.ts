import { closeSync, openSync } from 'node:fs';
import { readFully } from '../tables/key-tables.ts';

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
 * Sets of the documents that others are compared with, by their number: the last ones used, up to a number of bytes.
 */
export class ShingleSets {
  #read: (document: number) => ShingleSet;
  #limit: number;
  #held = new Map<number, ShingleSet>();
  #bytes = 0;

  constructor(read: (document: number) => ShingleSet, limitBytes: number) {
    this.#read = read;
    this.#limit = limitBytes;
  }

  of(document: number): ShingleSet {
    const known = this.#held.get(document);
    if (known) {
      this.#held.delete(document);
      this.#held.set(document, known);
      return known;
    }
    const set = this.#read(document);
    this.#held.set(document, set);
    this.#bytes += set.table.byteLength;
    for (const [other, held] of this.#held) {
      if (this.#bytes <= this.#limit || other === document) break;
      this.#held.delete(other);
      this.#bytes -= held.table.byteLength;
    }
    return set;
  }
}

/** Texts of spilled documents; keeps few files open. */
export class SpilledTexts {
  #paths: readonly string[];
  #open = new Map<number, number>();
  #buffer = new ArrayBuffer(1 << 16);

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Valid until the next call. */
  text(file: number, start: number, bytes: number): Uint8Array {
    let handle = this.#open.get(file);
    if (handle === undefined) {
      if (this.#open.size >= 64) this.close();
      handle = openSync(this.#paths[file], 'r');
      this.#open.set(file, handle);
    }
    if (this.#buffer.byteLength < bytes) this.#buffer = new ArrayBuffer(bytes);
    readFully(handle, this.#buffer, bytes, start, this.#paths[file]);
    return new Uint8Array(this.#buffer, 0, bytes);
  }

  close(): void {
    for (const handle of this.#open.values()) closeSync(handle);
    this.#open.clear();
  }
}

import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import type { KeyTables } from './key-tables.ts';

/** Spans to cut, as they are found, by split: 12 bytes each; what does not fit the memory waits in files beside the keys. */
export class CutLog {
  #tables: KeyTables;
  #limit: number;
  #held = 0;
  #words: Uint32Array[];
  #filled: Int32Array;
  #split = 0;

  constructor(tables: KeyTables, limitBytes: number) {
    this.#tables = tables;
    this.#limit = limitBytes / 4;
    this.#words = tables.splits.map(() => new Uint32Array(0));
    this.#filled = new Int32Array(tables.splits.length);
    for (const s of tables.splits.keys()) rmSync(this.#path(s), { force: true });
  }

  /** @param document number over all splits */
  add(document: number, start: number, end: number): void {
    const { first } = this.#tables;
    if (document < first[this.#split] || document >= first[this.#split + 1])
      this.#split = this.#tables.splitOf(document);
    const s = this.#split;
    const at = this.#filled[s];
    if (at === this.#words[s].length) this.#grow(s);
    const words = this.#words[s];
    words[this.#filled[s]++] = document - first[s];
    words[this.#filled[s]++] = start;
    words[this.#filled[s]++] = end;
  }

  /** Triples of row, start and end of one split, by row and start; called once. */
  take(split: number): Uint32Array {
    const path = this.#path(split);
    const before = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    const all = new Uint32Array(before.length / 4 + this.#filled[split]);
    new Uint8Array(all.buffer).set(before);
    all.set(this.#words[split].subarray(0, this.#filled[split]), before.length / 4);
    this.#words[split] = new Uint32Array(0);
    this.#filled[split] = 0;
    const order = Uint32Array.from({ length: all.length / 3 }, (_, i) => i * 3);
    order.sort((x, y) => all[x] - all[y] || all[x + 1] - all[y + 1]);
    const sorted = new Uint32Array(all.length);
    order.forEach((from, k) => {
      sorted.set(all.subarray(from, from + 3), k * 3);
    });
    return sorted;
  }

  close(): void {
    for (const s of this.#tables.splits.keys()) rmSync(this.#path(s), { force: true });
  }

  #path(split: number): string {
    return `${this.#tables.splits[split].keys}.cuts.tmp`;
  }

  #grow(split: number): void {
    const size = Math.max(192, this.#words[split].length * 2);
    if (this.#held + size > this.#limit) this.#spill();
    const grown = new Uint32Array(this.#filled[split] === 0 ? 192 : size);
    grown.set(this.#words[split].subarray(0, this.#filled[split]));
    this.#held += grown.length - this.#words[split].length;
    this.#words[split] = grown;
  }

  #spill(): void {
    this.#words.forEach((words, s) => {
      if (this.#filled[s] > 0) appendFileSync(this.#path(s), new Uint8Array(words.buffer, 0, this.#filled[s] * 4));
      this.#words[s] = new Uint32Array(0);
      this.#filled[s] = 0;
    });
    this.#held = 0;
  }
}

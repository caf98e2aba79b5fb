import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import type { KeyTables } from './key-tables.ts';

/** Words of a copy: row in its split, start and end of the stretch; document over all splits, start and end of what it repeats. */
export const COPY_WORDS = 6;
/** In place of the document, of a copy whose bytes were compared. */
export const VERIFIED = 0xffffffff;

/**
 * Stretches and the earlier ones that they seem to repeat, as they are found, by split: 24 bytes each; what does not fit the memory waits in files beside the keys.
 */
export class CopyLog {
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
    this.close();
  }

  /** @param document number over all splits, as `source` */
  add(document: number, start: number, end: number, source: number, from: number, to: number): void {
    const { first } = this.#tables;
    if (document < first[this.#split] || document >= first[this.#split + 1])
      this.#split = this.#tables.splitOf(document);
    const s = this.#split;
    const at = this.#filled[s];
    if (at === this.#words[s].length) this.#grow(s);
    const words = this.#words[s];
    const k = this.#filled[s];
    words[k] = document - first[s];
    words[k + 1] = start;
    words[k + 2] = end;
    words[k + 3] = source;
    words[k + 4] = from;
    words[k + 5] = to;
    this.#filled[s] = k + COPY_WORDS;
  }

  /** Copies of one split by row and start; called once. */
  take(split: number): Uint32Array {
    const all = this.#all(split);
    this.#held -= this.#words[split].length;
    this.#words[split] = new Uint32Array(0);
    this.#filled[split] = 0;
    const rows = this.#tables.first[split + 1] - this.#tables.first[split];
    return sorted(all, rows);
  }

  close(): void {
    for (const s of this.#tables.splits.keys()) rmSync(this.#path(s), { force: true });
  }

  #all(split: number): Uint32Array {
    const held = this.#words[split].subarray(0, this.#filled[split]);
    const path = this.#path(split);
    if (!existsSync(path)) return held;
    const before = readFileSync(path);
    const all = new Uint32Array(before.length / 4 + held.length);
    new Uint8Array(all.buffer).set(before);
    all.set(held, before.length / 4);
    return all;
  }

  #path(split: number): string {
    return `${this.#tables.splits[split].keys}.copies.tmp`;
  }

  #grow(split: number): void {
    const size = Math.max(64 * COPY_WORDS, this.#words[split].length * 2);
    if (this.#held + size > this.#limit) this.#spill();
    const grown = new Uint32Array(this.#filled[split] === 0 ? 64 * COPY_WORDS : size);
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

/** By row, counted; within a row, where there are few and most in order, by insertion. */
function sorted(copies: Uint32Array, rows: number): Uint32Array {
  const next = new Uint32Array(rows + 1);
  for (let at = 0; at < copies.length; at += COPY_WORDS) next[copies[at] + 1] += COPY_WORDS;
  for (let row = 0; row < rows; row++) next[row + 1] += next[row];
  const begin = next.slice(0, rows);
  const out = new Uint32Array(copies.length);
  for (let at = 0; at < copies.length; at += COPY_WORDS) {
    let to = next[copies[at]];
    next[copies[at]] += COPY_WORDS;
    for (; to > begin[copies[at]] && out[to - COPY_WORDS + 1] > copies[at + 1]; to -= COPY_WORDS)
      out.copyWithin(to, to - COPY_WORDS, to);
    for (let w = 0; w < COPY_WORDS; w++) out[to + w] = copies[at + w];
  }
  return out;
}

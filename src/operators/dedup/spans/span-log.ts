import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { scratchOf } from '../../../streams/flow/barrier.ts';
import type { KeyTables } from '../tables/key-tables.ts';

/** Words of a span to cut: row in its split, start and end. */
export const CUT_WORDS = 3;
/**
 * Words of a copy: row in its split, start and end of the stretch; document over all splits, start and end of what it
 * repeats.
 */
export const COPY_WORDS = 6;
/** In place of the document, of a copy whose bytes were compared. */
export const VERIFIED = 0xffffffff;

/** Spans as they are found, by split: 4 bytes a word; what does not fit the memory waits in files beside the keys. */
export class SpanLog {
  #tables: KeyTables;
  #limit: number;
  #held = 0;
  #words: Uint32Array[];
  #filled: Int32Array;
  #split = 0;
  #width: number;

  /** @param width words of an entry: CUT_WORDS or COPY_WORDS */
  constructor(tables: KeyTables, limitBytes: number, width: number) {
    this.#tables = tables;
    this.#width = width;
    this.#limit = limitBytes / 4;
    this.#words = tables.splits.map(() => new Uint32Array(0));
    this.#filled = new Int32Array(tables.splits.length);
    this.close();
  }

  /** @param document number over all splits, as `source`; of a cut there is no source */
  add(document: number, start: number, end: number, source = 0, from = 0, to = 0): void {
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
    if (this.#width > CUT_WORDS) {
      words[k + 3] = source;
      words[k + 4] = from;
      words[k + 5] = to;
    }
    this.#filled[s] = k + this.#width;
  }

  /** Entries of one split by row and start; called once. */
  take(split: number): Uint32Array {
    const all = this.#all(split);
    this.#held -= this.#words[split].length;
    this.#words[split] = new Uint32Array(0);
    this.#filled[split] = 0;
    const rows = this.#tables.first[split + 1] - this.#tables.first[split];
    return byRow(all, rows, this.#width);
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
    return scratchOf(this.#tables.splits[split], 'found');
  }

  #grow(split: number): void {
    const size = Math.max(64 * this.#width, this.#words[split].length * 2);
    if (this.#held + size > this.#limit) this.#spill();
    const grown = new Uint32Array(this.#filled[split] === 0 ? 64 * this.#width : size);
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

/** By row, then start; equal ones in the order they came in. */
export function byRow(entries: Uint32Array, rows: number, width: number): Uint32Array {
  const next = new Uint32Array(rows + 1);
  for (let at = 0; at < entries.length; at += width) next[entries[at] + 1] += width;
  for (let row = 0; row < rows; row++) next[row + 1] += next[row];
  const order = new Uint32Array(entries.length / width);
  const ends = next.slice(0, rows);
  for (let at = 0; at < entries.length; at += width) {
    order[ends[entries[at]] / width] = at;
    ends[entries[at]] += width;
  }
  const byStart = (x: number, y: number): number => entries[x + 1] - entries[y + 1] || x - y;
  for (let row = 0; row < rows; row++) {
    const own = order.subarray(next[row] / width, next[row + 1] / width);
    if (own.some((at, i) => i > 0 && byStart(own[i - 1], at) > 0)) own.sort(byStart);
  }
  const out = new Uint32Array(entries.length);
  for (let i = 0; i < order.length; i++) for (let w = 0; w < width; w++) out[i * width + w] = entries[order[i] + w];
  return out;
}

import { appendFileSync, closeSync, existsSync, openSync, readSync, rmSync } from 'node:fs';
import { unpublished } from '../../../files/publish.ts';

/** Words of a pair of names, two each. */
export const PAIR_WORDS = 4;
const PAIR_BYTES = PAIR_WORDS * 4;
/** Pairs that are read at once. */
const READ = 4096;

/** Pairs of names in so many files, by the hash of the first name. 16 bytes a pair on disk. */
export class PairFiles {
  readonly buckets: number;
  #path: string;
  #waiting: Uint32Array[];
  #filled: Int32Array;

  /** @param path what the names of the files begin with @param bufferBytes for all of them */
  constructor(path: string, buckets: number, bufferBytes: number) {
    this.#path = path;
    this.buckets = buckets;
    const room = Math.min(4096, Math.max(16, Math.floor(bufferBytes / buckets / PAIR_BYTES)));
    this.#waiting = Array.from({ length: buckets }, () => new Uint32Array(room * PAIR_WORDS));
    this.#filled = new Int32Array(buckets);
    for (let bucket = 0; bucket < buckets; bucket++) rmSync(this.#file(bucket), { force: true });
  }

  add(a0: number, a1: number, b0: number, b1: number): void {
    const hash = Math.imul(a0 ^ Math.imul(a1, 0x9e3779b1), 0x85ebca6b);
    const bucket = ((hash ^ (hash >>> 13)) >>> 0) % this.buckets;
    const waiting = this.#waiting[bucket];
    if (this.#filled[bucket] === waiting.length) this.#flush(bucket);
    const to = this.#filled[bucket];
    waiting[to] = a0;
    waiting[to + 1] = a1;
    waiting[to + 2] = b0;
    waiting[to + 3] = b1;
    this.#filled[bucket] = to + PAIR_WORDS;
  }

  /** Calls with the words and where a pair begins in them. */
  each(bucket: number, visit: (words: Uint32Array, at: number) => void): void {
    for (const words of this.chunks(bucket)) for (let at = 0; at < words.length; at += PAIR_WORDS) visit(words, at);
  }

  /** Some pairs at once; a view, until the next. */
  *chunks(bucket: number): Generator<Uint32Array, void, void> {
    this.#flush(bucket);
    if (!existsSync(this.#file(bucket))) return;
    const file = openSync(this.#file(bucket), 'r');
    try {
      const words = new Uint32Array(READ * PAIR_WORDS);
      const view = new Uint8Array(words.buffer);
      for (let end = false; !end; ) {
        let filled = 0;
        while (!end && filled < view.length) {
          const read = readSync(file, view, filled, view.length - filled, null);
          end = read === 0;
          filled += read;
        }
        yield words.subarray(0, filled / 4);
      }
    } finally {
      closeSync(file);
    }
  }

  close(): void {
    for (let bucket = 0; bucket < this.buckets; bucket++) rmSync(this.#file(bucket), { force: true });
  }

  #file(bucket: number): string {
    return unpublished(`${this.#path}-${bucket}`);
  }

  #flush(bucket: number): void {
    const filled = this.#filled[bucket];
    if (filled === 0) return;
    appendFileSync(this.#file(bucket), new Uint8Array(this.#waiting[bucket].buffer, 0, filled * 4));
    this.#filled[bucket] = 0;
  }
}

import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { Components } from './components.ts';

/** Candidates of some components: each document with the band keys that it shares with others. */
export interface Members {
  /** Ascending. */
  readonly documents: Int32Array;
  /** CSR over `documents`. */
  readonly offsets: Int32Array;
  /** Numbers of shared keys. */
  readonly keys: Uint32Array;
}

const CHUNK = 1 << 16;

/** Pairs of document and shared key; what does not fit the memory waits in a file. */
export class MemberLog {
  #path: string;
  #limit: number;
  #chunks: Uint32Array[] = [];
  #filled = CHUNK * 2;
  #file: number | null = null;
  /** Pairs in the file. */
  #spilled = 0;

  constructor(path: string, limitBytes: number) {
    this.#path = path;
    this.#limit = limitBytes;
  }

  add(document: number, key: number): void {
    if (this.#filled === CHUNK * 2) {
      if (this.#chunks.length * CHUNK * 8 >= this.#limit) this.#spill();
      this.#chunks.push(new Uint32Array(CHUNK * 2));
      this.#filled = 0;
    }
    const chunk = this.#chunks[this.#chunks.length - 1];
    chunk[this.#filled++] = document;
    chunk[this.#filled++] = key;
  }

  get pairs(): number {
    return (
      this.#spilled + Math.max(0, this.#chunks.length - 1) * CHUNK + (this.#chunks.length > 0 ? this.#filled / 2 : 0)
    );
  }

  #spill(): void {
    this.#file ??= openSync(this.#path, 'w+');
    for (const chunk of this.#chunks) {
      const bytes = new Uint8Array(chunk.buffer);
      const at = this.#spilled * 8;
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#file, bytes, done, bytes.length - done, at + done);
      this.#spilled += CHUNK;
    }
    this.#chunks = [];
  }

  *#each(): Generator<Uint32Array> {
    const buffer = new Uint32Array(CHUNK * 2);
    const bytes = new Uint8Array(buffer.buffer);
    for (let at = 0; this.#file !== null && at < this.#spilled; at += CHUNK) {
      for (let done = 0; done < bytes.length; )
        done += readSync(this.#file, bytes, done, bytes.length - done, at * 8 + done);
      yield buffer;
    }
    for (const [k, chunk] of this.#chunks.entries())
      yield k === this.#chunks.length - 1 ? chunk.subarray(0, this.#filled) : chunk;
  }

  /**
   * The members, whole components at a time, as many components as fit (24 bytes a pair); a component is never cut.
   * @param memberBytes what the caller holds for each member beside them
   */
  *byComponent(components: Components, limitBytes: number, memberBytes = 0): Generator<Members> {
    const parts = Math.max(1, Math.ceil((this.pairs * (24 + memberBytes)) / limitBytes));
    for (let part = 0; part < parts; part++) {
      const mine = (document: number): boolean =>
        parts === 1 || (Math.imul(components.root(document), 0x9e3779b1) >>> 0) % parts === part;
      let count = 0;
      for (const chunk of this.#each()) for (let i = 0; i < chunk.length; i += 2) if (mine(chunk[i])) count++;
      if (count === 0) continue;
      const documents = new Uint32Array(count);
      const keys = new Uint32Array(count);
      let n = 0;
      for (const chunk of this.#each())
        for (let i = 0; i < chunk.length; i += 2) {
          if (!mine(chunk[i])) continue;
          documents[n] = chunk[i];
          keys[n++] = chunk[i + 1];
        }
      yield grouped(documents, keys);
    }
  }

  close(): void {
    if (this.#file === null) return;
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }
}

/** Sorts pairs by document (two stable passes of 16 bits) and groups them. */
function grouped(documents: Uint32Array, keys: Uint32Array): Members {
  let [a, b] = [documents, keys];
  let [c, d]: Uint32Array[] = [new Uint32Array(documents.length), new Uint32Array(keys.length)];
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(65537);
    for (const v of a) starts[((v >>> shift) & 0xffff) + 1]++;
    for (let i = 0; i < 65536; i++) starts[i + 1] += starts[i];
    for (let i = 0; i < a.length; i++) {
      const k = starts[(a[i] >>> shift) & 0xffff]++;
      c[k] = a[i];
      d[k] = b[i];
    }
    [a, b, c, d] = [c, d, a, b];
  }
  let distinct = 0;
  for (let i = 0; i < a.length; i++) if (i === 0 || a[i] !== a[i - 1]) distinct++;
  const list = new Int32Array(distinct);
  const offsets = new Int32Array(distinct + 1);
  let n = 0;
  for (let i = 0; i < a.length; i++) {
    if (i === 0 || a[i] !== a[i - 1]) {
      offsets[n] = i;
      list[n++] = a[i];
    }
  }
  offsets[n] = a.length;
  return { documents: list, offsets, keys: b };
}

import { type BlockCache, sharedCache } from '../../files/stores/cache.ts';
import { placeOf } from '../../files/stores/open-store.ts';
import { shownUrl } from '../../files/stores/url.ts';
import type { FileWindow, WindowOptions } from './file-window.ts';

/** Objects are read, kept in memory and cached in blocks of this size. */
export const BLOCK_BYTES = 256 * 1024;
/** Blocks of one request at most. */
const REQUEST_BLOCKS = 16;
/** Blocks that are read ahead of one run of reads: several requests, which answer at the same time. */
const AHEAD_BLOCKS = 48;
/** Places of an object that are read on from at once: columns, for example. */
const MOST_RUNS = 64;
/** Blocks that are in memory, most of them read ahead. */
const HELD_BLOCKS = 96;

/**
 * A window over an object in a store. Reads go in blocks: those asked for one after the other are read ahead, in
 * requests that grow; others are read alone.
 */
export async function openRemoteWindow(url: string, size: number, options: WindowOptions): Promise<FileWindow> {
  const { onBytes, signal, version = null, from, until, cached = true } = options;
  const cache = cached && version !== null ? await sharedCache() : null;
  const blocks = new ObjectBlocks(url, size, version, cache, signal);
  const ahead = Math.min(size, until ?? size);
  if (from !== undefined) blocks.willRead(from, ahead);
  const told = new Set<number>();
  const tell = (first: number, last: number): void => {
    for (let i = first; i <= last; i++) {
      if (told.has(i) || onBytes === undefined) continue;
      told.add(i);
      onBytes(Math.min(size, (i + 1) * BLOCK_BYTES) - i * BLOCK_BYTES);
    }
  };
  const read = async (position: number, end: number, until: number): Promise<Uint8Array> => {
    const [first, last] = [Math.floor(position / BLOCK_BYTES), Math.floor((end - 1) / BLOCK_BYTES)];
    const parts = await blocks.get(first, last, until);
    tell(first, last);
    const start = position - first * BLOCK_BYTES;
    return parts.length === 1 ? parts[0].subarray(start) : Buffer.concat(parts).subarray(start);
  };
  const copy = async (position: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> => {
    const wanted = Math.max(0, Math.min(bytes, size - position));
    if (wanted === 0) return new Uint8Array(0);
    const view = await read(position, position + wanted, ahead);
    return new Uint8Array(view.subarray(0, wanted));
  };
  return {
    size,
    copy,
    peek: copy,
    async at(position, wanted = 1) {
      const need = Math.min(wanted, size - position);
      return need <= 0 ? new Uint8Array(0) : read(position, position + need, ahead);
    },
    willRead: (start, end) => blocks.willRead(start, Math.min(end, size)),
    close: async () => blocks.close(),
  };
}

/** Blocks of one object that are in memory or on their way. */
class ObjectBlocks {
  #url: string;
  #size: number;
  #version: string | null;
  #cache: BlockCache | null;
  #abort = new AbortController();
  #signal: AbortSignal;
  /** By number, the one used last at the end. */
  #held = new Map<number, Promise<Uint8Array>>();
  /** Blocks that are read ahead, by the last block of each run of reads. */
  #runs = new Map<number, number>();

  constructor(url: string, size: number, version: string | null, cache: BlockCache | null, signal?: AbortSignal) {
    this.#url = url;
    this.#size = size;
    this.#version = version;
    this.#cache = cache;
    this.#signal = signal ? AbortSignal.any([signal, this.#abort.signal]) : this.#abort.signal;
  }

  /** Blocks `first` to `last`. @param until what is read ahead ends before this byte */
  async get(first: number, last: number, until: number): Promise<Uint8Array[]> {
    this.#fetchMissing(first, last);
    const length = this.#follow(first, last);
    if (length > 0) {
      const end = Math.min(last + length, Math.ceil(until / BLOCK_BYTES) - 1);
      // Once a third of what is ahead is used up the next request is sent, and nobody waits for it.
      if (this.#missing(last + 1, end).length * 3 >= end - last) this.#fetchMissing(last + 1, end);
    }
    const parts: Uint8Array[] = [];
    for (let i = first; i <= last; i++) {
      // Another part of the same read may have made it leave.
      const block = this.#held.get(i) ?? this.#fetch(i, i);
      this.#held.delete(i);
      this.#held.set(i, block);
      parts.push(await block);
    }
    this.#forget();
    return parts;
  }

  /** Blocks to read ahead of a read that goes on where another one ended: each time twice as many. */
  #follow(first: number, last: number): number {
    const again = first === last ? this.#runs.get(last) : undefined;
    if (again !== undefined) return again;
    const before = [first - 1, first].find((i) => this.#runs.has(i));
    const length = before === undefined ? 0 : (this.#runs.get(before) ?? 0);
    if (before !== undefined) this.#runs.delete(before);
    const most = Math.max(1, Math.floor(HELD_BLOCKS / 2 / (this.#runs.size + 1)));
    const grown = before === undefined && first > 0 ? 0 : Math.min(AHEAD_BLOCKS, most, Math.max(1, length * 2));
    this.#runs.set(last, grown);
    for (const oldest of this.#runs.keys()) {
      if (this.#runs.size <= MOST_RUNS) break;
      this.#runs.delete(oldest);
    }
    return grown;
  }

  /** Begins to read what will be asked for soon, as far as there is room. */
  willRead(start: number, end: number): void {
    if (end <= start) return;
    const first = Math.floor(start / BLOCK_BYTES);
    const last = Math.min(Math.ceil(end / BLOCK_BYTES) - 1, first + AHEAD_BLOCKS - 1);
    this.#runs.set(first - 1, AHEAD_BLOCKS);
    this.#fetchMissing(first, last);
  }

  close(): void {
    this.#abort.abort(new Error('the window is closed'));
    this.#held.clear();
  }

  #missing(first: number, last: number): number[] {
    const missing: number[] = [];
    for (let i = first; i <= last; i++) if (!this.#held.has(i)) missing.push(i);
    return missing;
  }

  #fetchMissing(first: number, last: number): void {
    const missing = this.#missing(first, last);
    for (let i = 0; i < missing.length; ) {
      let n = 1;
      while (n < REQUEST_BLOCKS && missing[i + n] === missing[i] + n) n++;
      this.#fetch(missing[i], missing[i] + n - 1);
      i += n;
    }
  }

  /** One request for a run of blocks; the promise is that of the first. */
  #fetch(first: number, last: number): Promise<Uint8Array> {
    const settle: { resolve: (bytes: Uint8Array) => void; reject: (error: unknown) => void }[] = [];
    for (let i = first; i <= last; i++) {
      const block = new Promise<Uint8Array>((resolve, reject) => settle.push({ resolve, reject }));
      // Whoever asks for it is told; a block read ahead may never be asked for.
      block.catch(() => {});
      this.#held.set(i, block);
    }
    this.#load(
      first,
      last,
      settle.map((s) => s.resolve),
    ).catch((error: unknown) => {
      for (const { reject } of settle) reject(error);
      // The next one who asks tries again.
      for (let i = first; i <= last; i++) this.#held.delete(i);
    });
    return this.#held.get(first)!;
  }

  async #load(first: number, last: number, resolve: readonly ((bytes: Uint8Array) => void)[]): Promise<void> {
    const name = `${shownUrl(this.#url)} ${this.#version}`;
    let from = first;
    for (; from <= last && this.#cache !== null; from++) {
      const found = await this.#cache.get(name, from);
      if (found === null || found.length !== this.#bytesOf(from)) break;
      resolve[from - first](found);
    }
    if (from > last) return;
    const { store, key } = placeOf(this.#url);
    const range = { start: from * BLOCK_BYTES, end: Math.min(this.#size, (last + 1) * BLOCK_BYTES) };
    let block = new Uint8Array(this.#bytesOf(from));
    let filled = 0;
    for await (const piece of store.get(key, { range, version: this.#version, signal: this.#signal })) {
      for (let at = 0; at < piece.length; ) {
        const taken = Math.min(piece.length - at, block.length - filled);
        block.set(piece.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        if (filled < block.length) continue;
        // Whoever waits for it does not wait for the disk.
        resolve[from - first](block);
        await this.#cache?.put(name, from, block);
        from++;
        if (from > last) return;
        block = new Uint8Array(this.#bytesOf(from));
        filled = 0;
      }
    }
  }

  #bytesOf(block: number): number {
    return Math.min(BLOCK_BYTES, this.#size - block * BLOCK_BYTES);
  }

  /** Those used longest ago leave. */
  #forget(): void {
    for (const block of this.#held.keys()) {
      if (this.#held.size <= HELD_BLOCKS) return;
      this.#held.delete(block);
    }
  }
}

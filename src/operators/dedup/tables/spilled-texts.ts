import { closeSync, openSync } from 'node:fs';
import { readFully } from './key-tables.ts';

/** Files that are open at once. */
const OPEN = 64;

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
      if (this.#open.size >= OPEN) this.close();
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

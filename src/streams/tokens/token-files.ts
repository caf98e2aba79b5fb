import { closeSync, openSync, readSync } from 'node:fs';
import { InputError } from '../../errors.ts';
import type { TokenArray } from './token-kind.ts';

/** Files that are open at once; systems allow 256 or more. */
const MOST_OPEN = 128;

/** Reads ranges of token files, which stay open while they are used often. */
export class TokenFiles {
  #open = new Map<string, number>();

  /**
   * Fills `into` with ids from `begin` on. Errors: InputError when the file is gone or too short.
   * @param begin in tokens
   */
  read(path: string, begin: number, into: TokenArray): void {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    const read = readSync(this.#descriptor(path), bytes, 0, bytes.length, begin * into.BYTES_PER_ELEMENT);
    if (read === bytes.length) return;
    throw new InputError({
      expected: `tokens ${begin} to ${begin + into.length}, as they were committed`,
      got: 'the end of the file',
      where: path,
      fix: 'Something cut the file short: restore it, or make the run again with --fresh.',
    });
  }

  close(): void {
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #descriptor(path: string): number {
    const known = this.#open.get(path);
    if (known !== undefined) {
      this.#open.delete(path);
      this.#open.set(path, known);
      return known;
    }
    if (this.#open.size >= MOST_OPEN) {
      const [[oldest, descriptor]] = this.#open;
      closeSync(descriptor);
      this.#open.delete(oldest);
    }
    try {
      const descriptor = openSync(path, 'r');
      this.#open.set(path, descriptor);
      return descriptor;
    } catch (cause) {
      throw new InputError({
        expected: 'a file of tokens, as it was committed',
        got: (cause as Error).message,
        where: path,
        fix: 'Restore the file, or make the run again with --fresh.',
        cause,
      });
    }
  }
}

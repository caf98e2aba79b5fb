import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { InputError } from '../errors.ts';
import { nodeFileSystem } from '../files/file-system.ts';
import { publish, unpublished } from '../files/publish.ts';

const BUFFER_TOKENS = 1 << 18;

/**
 * Token ids of many documents one after the other, in 2 bytes each (4 for vocabularies over 65,536), least significant
 * first.
 */
export class TokenWriter {
  readonly path: string;
  #file: FileHandle;
  #buffer: Uint16Array | Uint32Array;
  #used = 0;
  #count = 0;

  private constructor(path: string, file: FileHandle, buffer: Uint16Array | Uint32Array) {
    this.path = path;
    this.#file = file;
    this.#buffer = buffer;
  }

  static async open(path: string, vocabulary: number): Promise<TokenWriter> {
    const buffer = vocabulary <= 65_536 ? new Uint16Array(BUFFER_TOKENS) : new Uint32Array(BUFFER_TOKENS);
    return new TokenWriter(path, await open(unpublished(path), 'w'), buffer);
  }

  async write(tokens: ArrayLike<number>): Promise<void> {
    for (let at = 0; at < tokens.length; ) {
      const n = Math.min(tokens.length - at, this.#buffer.length - this.#used);
      for (let i = 0; i < n; i++) this.#buffer[this.#used + i] = tokens[at + i];
      this.#used += n;
      at += n;
      if (this.#used === this.#buffer.length) await this.#flush();
    }
    this.#count += tokens.length;
  }

  async #flush(): Promise<void> {
    await this.#file.writeFile(new Uint8Array(this.#buffer.buffer, 0, this.#used * this.#buffer.BYTES_PER_ELEMENT));
    this.#used = 0;
  }

  /** Makes the file durable under its name; returns how many tokens it has. */
  async finish(): Promise<number> {
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    await publish(dirname(this.path), [{ path: basename(this.path) }]);
    return this.#count;
  }

  async abort(): Promise<void> {
    await this.#file.close();
  }
}

export interface TokenFile {
  readonly tokens: number;
  /** `length` ids from number `from` on. */
  read(from: number, length: number): Promise<Uint16Array | Uint32Array>;
  close(): Promise<void>;
}

/** Errors: InputError when the file does not hold as many ids as were written. */
export async function openTokenFile(path: string, vocabulary: number, written: number): Promise<TokenFile> {
  const file = await open(path, 'r');
  const Ids = vocabulary <= 65_536 ? Uint16Array : Uint32Array;
  const tokens = (await file.stat()).size / Ids.BYTES_PER_ELEMENT;
  if (tokens !== written) {
    await file.close();
    throw new InputError({
      expected: `the ${written} tokens that were read`,
      got: `${tokens}`,
      where: path,
      fix: 'Put the whole file back, or start again with --fresh.',
    });
  }
  return {
    tokens,
    async read(from, length) {
      const ids = new Ids(length);
      const bytes = await nodeFileSystem.read(file, new Uint8Array(ids.buffer), from * Ids.BYTES_PER_ELEMENT);
      if (bytes === ids.byteLength) return ids;
      throw new InputError({
        expected: `token ids ${from} to ${from + length}`,
        got: `the end of the file after ${bytes} of their ${ids.byteLength} bytes`,
        where: path,
        fix: 'Put the whole file back, or start again with --fresh.',
      });
    },
    close: () => file.close(),
  };
}

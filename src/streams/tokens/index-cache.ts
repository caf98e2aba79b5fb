import { InvariantError } from '../../errors.ts';
import { indexBytes, readSplitIndex, type SplitIndex, type TokenSplit } from './split-index.ts';

/** Indexes of the splits that were asked for last, up to a number of bytes. */
export class IndexCache {
  readonly #most: number;
  #indexes = new Map<number, SplitIndex>();
  #bytes = 0;

  constructor(bytes: number) {
    this.#most = bytes;
  }

  /** Errors: InputError for a damaged index, InvariantError for one that says something else than its commit. */
  async of(split: number, committed: TokenSplit): Promise<SplitIndex> {
    const known = this.#indexes.get(split);
    if (known) {
      this.#indexes.delete(split);
      this.#indexes.set(split, known);
      return known;
    }
    const index = await readSplitIndex(committed);
    check(index, committed);
    // Another reader may have been faster.
    if (this.#indexes.has(split)) return index;
    this.#indexes.set(split, index);
    this.#bytes += indexBytes(index);
    for (const [oldest, old] of this.#indexes) {
      if (this.#bytes <= this.#most || oldest === split) break;
      this.#indexes.delete(oldest);
      this.#bytes -= indexBytes(old);
    }
    return index;
  }
}

function check(index: SplitIndex, { tokens, index: where }: TokenSplit): void {
  for (const [domain, expected] of tokens) {
    const got = index.get(domain)?.before.at(-1) ?? 0;
    if (got !== expected)
      throw new InvariantError({ expected: `${expected} tokens of ${domain}`, got: `${got}`, where });
  }
}

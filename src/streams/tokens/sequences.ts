import { InvariantError } from '../../errors.ts';
import { bestFit } from './best-fit.ts';
import { IndexCache } from './index-cache.ts';
import { type Piece, pieceAfter, piecesBetween, piecesOfDocuments, rangesOf, type TokenRange } from './pieces.ts';
import type { SplitIndex, TokenSplit } from './split-index.ts';
import { TokenFiles } from './token-files.ts';
import type { TokenArray } from './token-kind.ts';

export interface CutOptions {
  /** Tokens of a sequence. */
  readonly contextLength: number;
  /**
   * `concat`: a domain's documents run on, and are cut where a sequence is full. `best-fit`: no document that fits
   * into a sequence is cut; what is left of a sequence is padding.
   */
  readonly packing: 'concat' | 'best-fit';
  /** Consecutive splits whose sequences are shuffled together in the first epoch. */
  readonly windowSplits: number;
  /** Memory for indexes of splits. */
  readonly cacheBytes: number;
}

/** What a sequence holds besides its ids. */
export interface SequenceFacts {
  /** Tokens; the rest of the context is padding. */
  readonly length: number;
  /** The token after the last one, where the document, or the next one of a `concat`, goes on; -1: none. */
  readonly next: number;
  /** Where documents, or their stretches, begin: attention must not look across these. The first is 0. */
  readonly starts: readonly number[];
  /** Where its tokens lie, in order, and the one after them where there is one. */
  readonly ranges: readonly TokenRange[];
}

/** What is known of a domain. Cumulative lists have an entry more than there are splits or windows. */
interface Domain {
  readonly splits: number[];
  /** Tokens before each of `splits`. */
  readonly tokensBefore: number[];
  /** Sequences before each window. */
  readonly sequencesBefore: number[];
  tokens: number;
}

/**
 * Sequences of every domain, cut from its tokens in the order of splits: whenever a split was committed, sequence k of
 * a domain is the same. Knows the windows of splits that are complete, and grows.
 */
export class Sequences {
  readonly options: CutOptions;
  #splits: (TokenSplit | null)[] = [];
  #windows = 0;
  #done = false;
  #domains = new Map<string, Domain>();
  #indexes: IndexCache;
  #packed = new Map<string, readonly (readonly Piece[])[]>();
  #packedPieces = 0;
  #files = new TokenFiles();

  constructor(options: CutOptions) {
    this.options = options;
    this.#indexes = new IndexCache(options.cacheBytes);
  }

  /** True once every split is known. */
  get done(): boolean {
    return this.#done;
  }

  get domains(): readonly string[] {
    return [...this.#domains.keys()];
  }

  /** Tokens of a domain in complete windows. */
  tokens(domain: string): number {
    return this.#domains.get(domain)?.tokens ?? 0;
  }

  /** Sequences before each complete window of a domain, and after the last. */
  windows(domain: string): readonly number[] {
    return this.#domains.get(domain)?.sequencesBefore ?? new Array(this.#windows + 1).fill(0);
  }

  /** Sequences of a domain so far: all of an epoch once `done`. */
  count(domain: string): number {
    return this.windows(domain).at(-1)!;
  }

  /**
   * Takes splits that have been committed.
   * @param splits all from the first on, without a gap; null: it has no tokens
   * @param done there are no others
   */
  async extend(splits: readonly (TokenSplit | null)[], done: boolean): Promise<void> {
    this.#splits = [...splits];
    const { windowSplits } = this.options;
    // The last window has what is left of every domain: which it is must not depend on when the end was known.
    const whole = done ? Math.ceil(splits.length / windowSplits) : Math.floor((splits.length - 1) / windowSplits);
    for (; this.#windows < whole; this.#windows++)
      await this.#window(this.#windows, done && this.#windows === whole - 1);
    this.#done = done;
  }

  async #window(window: number, last: boolean): Promise<void> {
    const { windowSplits, contextLength, packing } = this.options;
    const first = window * windowSplits;
    const end = Math.min(this.#splits.length, first + windowSplits);
    for (let s = first; s < end; s++) this.#take(s, this.#splits[s]?.tokens ?? new Map());
    for (const [name, domain] of this.#domains) {
      while (domain.sequencesBefore.length < window + 1) domain.sequencesBefore.push(0);
      const count =
        packing === 'concat'
          ? last
            ? Math.ceil(domain.tokens / contextLength)
            : Math.floor(domain.tokens / contextLength)
          : domain.sequencesBefore[window] + (await this.#packedWindow(name, window)).length;
      domain.sequencesBefore.push(count);
    }
  }

  #take(split: number, tokens: ReadonlyMap<string, number>): void {
    for (const [name, n] of tokens) {
      if (n === 0) continue;
      const domain = this.#domains.get(name) ?? { splits: [], tokensBefore: [], sequencesBefore: [], tokens: 0 };
      this.#domains.set(name, domain);
      domain.splits.push(split);
      domain.tokensBefore.push(domain.tokens);
      domain.tokens += n;
    }
  }

  /**
   * Reads sequence `number` of a domain into `into`, which has the length of a context; what is padding stays as it is.
   * One of no length is left as it is, and no file is read: then `next` is -1, and `ranges` tell.
   * Errors: InputError for damaged files.
   */
  async read(domain: string, number: number, into: TokenArray): Promise<SequenceFacts> {
    const pieces =
      this.options.packing === 'concat' ? await this.#run(domain, number) : await this.#bin(domain, number);
    const { contextLength } = this.options;
    const starts: number[] = [];
    let length = 0;
    let open = false;
    for (const piece of pieces) {
      if (length === contextLength) break;
      if (!open) starts.push(length);
      length += piece.length;
      open = !piece.ends;
    }
    // A document that goes on over the end of a split's stretch is one piece of it: only what ends opens another.
    const after = pieceAfter(pieces, length);
    const ranges = rangesOf(pieces, after, length, (split) => this.#splits[split]!.bin);
    let at = 0;
    if (into.length === 0) return { length, next: -1, starts, ranges };
    for (const { file, begin, length: tokens } of ranges) {
      this.#files.read(file, begin, into.subarray(at, Math.min(length, at + tokens)));
      at += tokens;
    }
    return { length, next: after === null ? -1 : this.#token(after, into), starts, ranges };
  }

  close(): void {
    this.#files.close();
  }

  #index(split: number): Promise<SplitIndex> {
    return this.#indexes.of(split, this.#splits[split]!);
  }

  #token({ split, begin }: Piece, like: TokenArray): number {
    const one = like.BYTES_PER_ELEMENT === 2 ? new Uint16Array(1) : new Uint32Array(1);
    this.#files.read(this.#splits[split]!.bin, begin, one);
    return one[0];
  }

  /** Tokens `number * context` and on of a domain; and the first of what follows, where there is something. */
  async #run(name: string, number: number): Promise<Piece[]> {
    const { contextLength } = this.options;
    const domain = this.#domain(name, number);
    const from = number * contextLength;
    const to = Math.min(from + contextLength, domain.tokens);
    const pieces: Piece[] = [];
    let at = lastNotAbove(domain.tokensBefore, from);
    for (let token = from; token < to; at++) {
      const split = domain.splits[at];
      const documents = (await this.#index(split)).get(name)!;
      const [before, end] = [domain.tokensBefore[at], domain.tokensBefore[at + 1] ?? domain.tokens];
      for (const piece of piecesBetween(split, documents, token - before, Math.min(to, end) - before))
        pieces.push(piece);
      token = Math.min(to, end);
      if (token === to) await this.#follow(name, domain, at, to, pieces);
    }
    return pieces;
  }

  /** The token after `to`, which is the next document's when the last piece ends one. */
  async #follow(name: string, domain: Domain, at: number, to: number, pieces: Piece[]): Promise<void> {
    if (to >= domain.tokens || !pieces[pieces.length - 1].ends) return;
    const place = (domain.tokensBefore[at + 1] ?? domain.tokens) > to ? at : at + 1;
    const split = domain.splits[place];
    const documents = (await this.#index(split)).get(name)!;
    const before = domain.tokensBefore[place];
    for (const piece of piecesBetween(split, documents, to - before, to - before + 1)) pieces.push(piece);
  }

  async #bin(name: string, number: number): Promise<readonly Piece[]> {
    const { sequencesBefore } = this.#domain(name, number);
    const window = lastNotAbove(sequencesBefore, number);
    return (await this.#packedWindow(name, window))[number - sequencesBefore[window]];
  }

  #domain(name: string, number: number): Domain {
    const domain = this.#domains.get(name);
    if (domain && number < domain.sequencesBefore.at(-1)!) return domain;
    throw new InvariantError({
      expected: `a sequence below ${this.count(name)}`,
      got: `${number}`,
      where: `domain ${name}`,
    });
  }

  async #packedWindow(name: string, window: number): Promise<readonly (readonly Piece[])[]> {
    const key = `${window} ${name}`;
    const known = this.#packed.get(key);
    if (known) return known;
    const { windowSplits, contextLength } = this.options;
    const first = window * windowSplits;
    const pieces: Piece[] = [];
    for (let s = first; s < Math.min(this.#splits.length, first + windowSplits); s++) {
      if (!this.#splits[s]?.tokens.has(name)) continue;
      const documents = (await this.#index(s)).get(name);
      if (documents) pieces.push(...piecesOfDocuments(s, documents, contextLength));
    }
    const { offsets, pieces: order } = bestFit(
      Uint32Array.from(pieces, (p) => p.length),
      contextLength,
    );
    const bins = Array.from({ length: offsets.length - 1 }, (_, b) =>
      Array.from(order.subarray(offsets[b], offsets[b + 1]), (p) => pieces[p]),
    );
    this.#packed.set(key, bins);
    this.#packedPieces += pieces.length;
    for (const [oldest, old] of this.#packed) {
      if (this.#packedPieces <= MOST_PIECES || oldest === key) break;
      this.#packed.delete(oldest);
      this.#packedPieces -= old.reduce((n, bin) => n + bin.length, 0);
    }
    return bins;
  }
}

/** Pieces of packed windows that are kept; 100 bytes each. */
const MOST_PIECES = 500_000;

/** Place of the last number that is not above another; of several equal ones the last. */
function lastNotAbove(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

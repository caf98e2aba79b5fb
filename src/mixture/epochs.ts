import { InvariantError } from '../errors.ts';
import { seededRandom } from '../random.ts';

/** Where a draw of a domain stands in the domain. */
export interface Place {
  readonly epoch: number;
  /** Which sequence of the domain, in input order, from 0. */
  readonly index: number;
}

export interface EpochOptions {
  readonly seed: number;
  readonly domain: string;
  /**
   * Sequences up to the end of each window (of splits) that is complete, rising: the first epoch is shuffled inside
   * of windows only, so that it can begin while curation runs. It may grow; what stands in it stays.
   */
  readonly windows: readonly number[];
  /** Sequences of an epoch; `null` while curation runs. The last window ends there. */
  readonly sequences: number | null;
}

/**
 * The place of every draw of a domain, by its ordinal (0, 1, ...): each sequence exactly once an epoch, each epoch in
 * another order. Orders are computed from the seed, the domain's name and the epoch; nothing is stored, a call takes
 * less than a microsecond. It returns `null` where the draw lies past the windows that are complete while `sequences`
 * is `null`: that is for later.
 */
export function epochOrder({ seed, domain, windows, sequences }: EpochOptions): (ordinal: number) => Place | null {
  const ready = windows.at(-1) ?? 0;
  if (sequences !== null && ready !== sequences)
    throw new InvariantError({
      expected: `windows that end at the ${sequences} sequences of the epoch`,
      got: `${ready}`,
      where: `domain ${domain}`,
    });
  let [from, to, epoch] = [0, 0, -1];
  let order: (index: number) => number = (index) => index;
  return (ordinal) => {
    if (ordinal < from || ordinal >= to) {
      if (ordinal < ready) {
        const window = windowOf(windows, ordinal);
        [from, to, epoch] = [window === 0 ? 0 : windows[window - 1], windows[window], 0];
        order = permutation(to - from, seed, `${domain}/window ${window}`);
      } else {
        if (!sequences) return null;
        epoch = Math.floor(ordinal / sequences);
        [from, to] = [epoch * sequences, (epoch + 1) * sequences];
        order = permutation(sequences, seed, `${domain}/epoch ${epoch}`);
      }
    }
    return { epoch, index: order(ordinal - from) + (epoch === 0 ? from : 0) };
  };
}

/** The first window that ends after a position. */
function windowOf(windows: readonly number[], position: number): number {
  let [low, high] = [0, windows.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (windows[middle] > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

const ROUNDS = 8;

/**
 * A seeded permutation of 0 to size - 1 (size up to 2^52), computed one value at a time: a Feistel network over pairs
 * (a, b) of about sqrt(size) values each (Black and Rogaway 2002, "Ciphers with arbitrary finite domains"), walked on
 * from values at or above the size, of which there are fewer than sqrt(size) + 1.
 */
export function permutation(size: number, seed: number, name: string): (index: number) => number {
  if (size < 2) return (index) => index;
  const columns = Math.ceil(Math.sqrt(size));
  const rows = Math.ceil(size / columns);
  const random = seededRandom(seed, name);
  const keys = Array.from({ length: ROUNDS }, () => random.below(2 ** 32) | 0);
  return (index) => {
    let value = index;
    do {
      let row = Math.floor(value / columns);
      let column = value - row * columns;
      for (let round = 0; round < ROUNDS; round += 2) {
        row = (row + mixed(column, keys[round])) % rows;
        column = (column + mixed(row, keys[round + 1])) % columns;
      }
      value = row * columns + column;
    } while (value >= size);
    return value;
  };
}

/** 32 bits that depend on every bit of both (the finaliser of MurmurHash3). */
function mixed(value: number, key: number): number {
  let h = (value ^ key) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

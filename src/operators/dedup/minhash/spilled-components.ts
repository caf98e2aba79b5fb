import { KeyNumbers, withRoom } from '../tables/key-numbers.ts';
import { PAIR_WORDS, PairFiles } from './pair-files.ts';

/** Of a name in a bucket: itself, its table, its least neighbour, and as much again while the table grows. */
const NAME_BYTES = 64;
/** Share of the memory for pairs that wait to be written. */
const WAITING = 1 / 4;
const MOST_BUCKETS = 4096;
/** Of a bucket, however little memory there is. */
const LEAST_NAMES = 64;

/**
 * Components of more documents than fit the memory, each named by two words: edges in files, by rounds in which every
 * name draws its neighbours to the least of them (Kiveris et al. 2014, "Connected Components in MapReduce and Beyond",
 * large star and small star) until all edges of a component meet in its least name. Of each round the files are read
 * bucket by bucket, by the hash of a name. Rounds: about the logarithm of the longest path. Disk: 48 bytes an edge.
 */
export class SpilledComponents {
  #scratch: string;
  #buckets: number;
  #memoryBytes: number;
  #files = 0;
  /** Every edge, from both of its ends. */
  #both: PairFiles;
  /** How often all edges were read and written. */
  rounds = 0;

  /** @param edges at most so many will come */
  constructor(scratch: string, edges: number, memoryBytes: number) {
    this.#scratch = scratch;
    this.#memoryBytes = memoryBytes;
    const bytes = Math.max(LEAST_NAMES * NAME_BYTES, memoryBytes * (1 - 2 * WAITING));
    this.#buckets = Math.min(MOST_BUCKETS, Math.max(1, Math.ceil((2 * edges * NAME_BYTES) / bytes)));
    this.#both = this.#open();
  }

  /** @param words two of each name @param a where those of one begin @param b those of the other */
  join(words: Uint32Array, a: number, b: number): void {
    const [a0, a1, b0, b1] = [words[a], words[a + 1], words[b], words[b + 1]];
    if (a0 !== b0 || a1 !== b1) addBoth(this.#both, a0, a1, b0, b1);
  }

  /** All names by their two words, some of them again, with a number of their component, some at once. Called once. */
  *sets(): Generator<{ word0: Uint32Array; word1: Uint32Array; component: Uint32Array }, void, void> {
    for (let changed = true; changed; this.rounds++) {
      const [large, drawn] = this.#step(this.#both, false);
      const [small, joined] = this.#step(large, true);
      this.#both = small;
      changed = drawn || joined;
    }
    let first = 0;
    for (let bucket = 0; bucket < this.#buckets; bucket++) {
      const numbers = new KeyNumbers(2, 1024);
      for (const words of this.#both.chunks(bucket)) {
        const found: number[] = [];
        for (let at = 0; at < words.length; at += PAIR_WORDS) {
          if (!less(words, at, words[at + 2], words[at + 3])) continue;
          const known = numbers.count;
          const n = first + numbers.number(words, at);
          if (numbers.count > known) found.push(words[at], words[at + 1], n);
          found.push(words[at + 2], words[at + 3], n);
        }
        const own = (w: number) => Uint32Array.from({ length: found.length / 3 }, (_, i) => found[3 * i + w]);
        if (found.length > 0) yield { word0: own(0), word1: own(1), component: own(2) };
      }
      first += numbers.count;
    }
  }

  close(): void {
    this.#both.close();
  }

  #open(): PairFiles {
    return new PairFiles(`${this.#scratch}-edges-${this.#files++}`, this.#buckets, this.#memoryBytes * WAITING);
  }

  /**
   * One round over the edges, which it deletes. Not `small`: of edges from both ends, the larger neighbours of each
   * name are drawn to its least one; what comes has edges from their larger end. `small`: of these, the smaller
   * neighbours and the name itself; what comes has them from both ends.
   * @returns whether an edge is another than before
   */
  #step(from: PairFiles, small: boolean): [PairFiles, boolean] {
    const to = this.#open();
    let changed = false;
    try {
      for (let bucket = 0; bucket < this.#buckets; bucket++) {
        const { numbers, least } = leastOf(from, bucket, small);
        if (small) {
          const names = numbers.keys();
          for (let n = 0; n < numbers.count; n++)
            addBoth(to, names[2 * n], names[2 * n + 1], least[2 * n], least[2 * n + 1]);
        }
        from.each(bucket, (words, at) => {
          const [v0, v1] = [words[at + 2], words[at + 3]];
          const n = numbers.find(words, at);
          const [m0, m1] = [least[2 * n], least[2 * n + 1]];
          if (small) {
            if (v0 === m0 && v1 === m1) return;
            changed = true;
            addBoth(to, v0, v1, m0, m1);
          } else if (less(words, at, v0, v1)) {
            if (words[at] !== m0 || words[at + 1] !== m1) changed = true;
            to.add(v0, v1, m0, m1);
          }
        });
      }
    } catch (error) {
      to.close();
      throw error;
    } finally {
      from.close();
    }
    return [to, changed];
  }
}

function addBoth(files: PairFiles, a0: number, a1: number, b0: number, b1: number): void {
  files.add(a0, a1, b0, b1);
  files.add(b0, b1, a0, a1);
}

/** The least of the neighbours of each name of a bucket; not `small`: or the name itself, where that is less. */
function leastOf(from: PairFiles, bucket: number, small: boolean): { numbers: KeyNumbers; least: Uint32Array } {
  const numbers = new KeyNumbers(2, 1024);
  let least = new Uint32Array(2048);
  from.each(bucket, (words, at) => {
    const known = numbers.count;
    const n = numbers.number(words, at);
    if (n === known) {
      least = withRoom(least, 2 * n + 2);
      const own = small ? at + 2 : at;
      [least[2 * n], least[2 * n + 1]] = [words[own], words[own + 1]];
    }
    if (less(words, at + 2, least[2 * n], least[2 * n + 1]))
      [least[2 * n], least[2 * n + 1]] = [words[at + 2], words[at + 3]];
  });
  return { numbers, least };
}

const less = (words: Uint32Array, at: number, b0: number, b1: number): boolean =>
  words[at] < b0 || (words[at] === b0 && words[at + 1] < b1);

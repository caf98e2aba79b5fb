import { kernelModule, openArena } from './arena.ts';
import { wordFolding } from './folding.ts';
import { checkOffsets } from './statistics.ts';

/** Words that an n-gram may have. */
export const MOST_WORDS = 32;

/** Every n-gram of every row, in order. Bytes count from the start of the row. */
export interface NgramList {
  /** Length rows + 1: n-grams of row i are `offsets[i] .. offsets[i + 1]`. */
  readonly offsets: Int32Array;
  readonly hash: BigUint64Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** Words of each row. */
  readonly words: Int32Array;
}

/** The n-grams of each row that stand in the index. */
export interface NgramHits {
  /** Length rows + 1. */
  readonly offsets: Int32Array;
  /** Number of the n-gram's first word in its row, ascending. */
  readonly word: Int32Array;
  /** Number of the n-gram in the index. */
  readonly gram: Int32Array;
  /** First byte of the first word, from the start of the row. */
  readonly start: Int32Array;
  /** End of the last word. */
  readonly end: Int32Array;
  readonly words: Int32Array;
}

/**
 * Hashes of word n-grams over UTF-8 bytes, equal to `referenceNgrams`; in a WebAssembly instance of its own, so that
 * the index stays. An n-gram is taken for another one with a probability of about 2^-32 a look-up.
 */
export interface NgramKernel {
  /** Bytes of WebAssembly memory. */
  memoryBytes(): number;
  list(values: Uint8Array, offsets: Int32Array, rows: number): NgramList;
  /**
   * Sets what `hits` looks for: the number of a hash is its place in the list. The hashes must differ from each other.
   */
  look(hashes: BigUint64Array): void;
  /** @param alive one byte a row, 0 = leave out; null = all. */
  hits(values: Uint8Array, offsets: Int32Array, rows: number, alive: Uint8Array | null): NgramHits;
}

const powerOfTwo = (least: number): number => 2 ** Math.ceil(Math.log2(Math.max(64, least)));

/** Opens a kernel for n-grams of `size` words, 1 to MOST_WORDS. */
export async function openNgramKernel(size: number): Promise<NgramKernel> {
  const arena = openArena(await kernelModule());
  const { index, blocks } = wordFolding();
  const at = arena.exports.foldingTable(blocks.byteLength) >>> 0;
  new Uint16Array(arena.exports.memory.buffer, at, index.length).set(index);
  new Uint32Array(arena.exports.memory.buffer, at + index.byteLength, blocks.length).set(blocks);
  arena.keep();

  const scan = (values: Uint8Array, offsets: Int32Array, rows: number, alive: Uint8Array | null, list: boolean) => {
    checkOffsets(values, offsets, rows, 'n-gram kernel');
    arena.reset();
    const first = offsets[0];
    const text = arena.copyIn(values.subarray(first, offsets[rows]));
    const starts = arena.copyInInt32(offsets.subarray(0, rows + 1));
    const flags = alive === null ? 0 : arena.copyIn(alive.subarray(0, rows));
    const ends = arena.alloc(rows * 4);
    const counts = arena.alloc(rows * 4);
    const records = arena.exports.ngramScan(text - first, starts, rows, flags, size, list ? 1 : 0, ends, counts) >>> 0;
    const bounds = new Int32Array(rows + 1);
    bounds.set(arena.int32(ends, rows), 1);
    return { offsets: bounds, words: arena.int32(counts, rows), records, found: bounds[rows] };
  };
  const column = (records: number, found: number, k: number): Int32Array => {
    const all = new Int32Array(arena.exports.memory.buffer, records, found * 4);
    return Int32Array.from({ length: found }, (_, i) => all[4 * i + k]);
  };
  return {
    memoryBytes: () => arena.memoryBytes(),
    list(values, offsets, rows) {
      const { records, found, ...rest } = scan(values, offsets, rows, null, true);
      const pairs = new BigUint64Array(arena.exports.memory.buffer, records, found * 2);
      const hash = new BigUint64Array(found);
      for (let i = 0; i < found; i++) hash[i] = pairs[2 * i];
      return { ...rest, hash, start: column(records, found, 2), end: column(records, found, 3) };
    },
    look(hashes) {
      arena.reset();
      // 16 bits a hash say no to 15 of 16 others; half of the slots stay empty.
      const bitCount = powerOfTwo(hashes.length * 16);
      const slotCount = powerOfTwo(hashes.length * 2);
      const bits = arena.alloc(bitCount / 8);
      const slots = arena.alloc(slotCount * 8);
      const bytes = new Uint8Array(arena.exports.memory.buffer, bits, bitCount / 8).fill(0);
      const table = new Uint32Array(arena.exports.memory.buffer, slots, slotCount * 2).fill(0);
      const halves = new Uint32Array(hashes.buffer, hashes.byteOffset, hashes.length * 2);
      for (let k = 0; k < hashes.length; k++) {
        const [low, high] = [halves[2 * k], halves[2 * k + 1]];
        const bit = (high & (bitCount - 1)) >>> 0;
        bytes[bit >>> 3] |= 1 << (bit & 7);
        let slot = (low & (slotCount - 1)) >>> 0;
        while (table[2 * slot + 1] !== 0) slot = (slot + 1) & (slotCount - 1);
        table[2 * slot] = high;
        table[2 * slot + 1] = k + 1;
      }
      arena.keep();
      arena.exports.ngramIndex(bits, bitCount, slots, slotCount);
    },
    hits(values, offsets, rows, alive) {
      const { records, found, ...rest } = scan(values, offsets, rows, alive, false);
      const [word, gram, start, end] = [0, 1, 2, 3].map((k) => column(records, found, k));
      return { ...rest, word, gram, start, end };
    },
  };
}

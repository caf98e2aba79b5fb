import { kernelModule, openArena } from './arena.ts';
import { sameTextFolding } from './same-text.ts';
import { checkOffsets } from './statistics.ts';

/** Units that a shingle may have. */
export const MOST_UNITS = 64;
/** Values that a signature may have. */
export const MOST_PERMUTATIONS = 4096;

export interface MinhashOptions {
  /** What a shingle is made of: words, or the characters of the words with one space between them. */
  readonly unit: 'words' | 'characters';
  /** Units in a shingle, 1 to 64. */
  readonly size: number;
  /** The signature has bands x rows values, at most 4,096. */
  readonly bands: number;
  readonly rows: number;
  /** `oph`: one permutation and optimal densification (Shrivastava 2017): one pass instead of bands x rows. */
  readonly method: 'minhash' | 'oph';
  readonly seed: number;
}

export interface MinhashKeys {
  /** Band-major: key of band b of row i at `b * rows + i`. Zeros for rows without a shingle. */
  readonly keys: BigInt64Array<ArrayBuffer>;
  /**
   * Two words a row, high half first: content hash of the normalised text (`normalizedText` of the reference); of the
   * empty text when there is no letter or number.
   */
  readonly normalized: BigInt64Array<ArrayBuffer>;
  /** Shingles of each row with repeats; -1 for rows left out. */
  readonly shingles: Int32Array<ArrayBuffer>;
  /**
   * Signatures row by row, each `signatureLength` long (bands x rows filled up to a multiple of 16); null unless asked
   * for.
   */
  readonly signatures: Uint32Array<ArrayBuffer> | null;
  readonly signatureLength: number;
}

/** MinHash over UTF-8 in a WebAssembly instance of its own, equal to `referenceMinhash`. */
export interface MinhashKernel {
  memoryBytes(): number;
  /**
   * @param alive one byte a row, 0 = leave out; null = all.
   * @param code one byte a row, 1 = its normalised text is that of code (`normalizedCode`); null or absent = none.
   */
  keys(
    values: Uint8Array,
    offsets: Int32Array,
    rows: number,
    alive: Uint8Array | null,
    sign?: boolean,
    code?: Uint8Array | null,
  ): MinhashKeys;
  /** Shingle hashes of one text, with repeats: two uint32 each, low half first. */
  shingles(text: Uint8Array): Uint32Array<ArrayBuffer>;
}

/** Odd multipliers of the permutations; MIX of SplitMix64 over seed and number. */
export function multipliersOf(seed: number, count: number): Uint32Array<ArrayBuffer> {
  const mask = (1n << 64n) - 1n;
  return Uint32Array.from({ length: count }, (_, i) => {
    let z = (BigInt(seed) + 1n) * 0xd6e8feb86659fd93n + BigInt(i + 1) * 0x9e3779b97f4a7c15n;
    z &= mask;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    return Number((z >> 32n) | 1n);
  });
}

export const signatureLengthOf = ({ bands, rows }: MinhashOptions): number => Math.ceil((bands * rows) / 16) * 16;

/** Bytes of a folded text at most: a code point beyond ASCII may take three times its own. */
function foldedBytes(values: Uint8Array, from: number, to: number): number {
  let wide = 0;
  for (let i = from; i < to; i++) wide += values[i] >>> 7;
  return to - from + 2 * wide + 64;
}

/** Texts of fewer bytes get the most that they may take, without a count. */
const SMALL_TEXT = 1 << 16;

export async function openMinhashKernel(options: MinhashOptions): Promise<MinhashKernel> {
  const module = await kernelModule();
  const { index, blocks } = sameTextFolding();
  const open = () => {
    const arena = openArena(module);
    const at = arena.exports.minhashTable(blocks.byteLength) >>> 0;
    new Uint16Array(arena.exports.memory.buffer, at, index.length).set(index);
    new Uint32Array(arena.exports.memory.buffer, at + index.byteLength, blocks.length).set(blocks);
    arena.exports.minhashShingle(options.unit === 'characters' ? 1 : 0, options.size);
    const room = arena.exports.minhashSketch(options.bands, options.rows, options.method === 'oph' ? 1 : 0) >>> 0;
    const length = signatureLengthOf(options);
    new Uint32Array(arena.exports.memory.buffer, room, length).set(multipliersOf(options.seed, length));
    arena.keep();
    return arena;
  };
  const arena = open();
  const signatureLength = signatureLengthOf(options);
  return {
    memoryBytes: () => arena.memoryBytes(),
    keys(values, offsets, rows, alive, sign = false, code = null) {
      checkOffsets(values, offsets, rows, 'MinHash kernel');
      arena.reset();
      const first = offsets[0];
      let longest = 3 * SMALL_TEXT + 64;
      for (let i = 0; i < rows; i++) {
        if (offsets[i + 1] - offsets[i] > SMALL_TEXT)
          longest = Math.max(longest, foldedBytes(values, offsets[i], offsets[i + 1]));
      }
      const text = arena.copyIn(values.subarray(first, offsets[rows]));
      const starts = arena.copyInInt32(offsets.subarray(0, rows + 1));
      const flags = alive === null ? 0 : arena.copyIn(alive.subarray(0, rows));
      const codes = code === null ? 0 : arena.copyIn(code.subarray(0, rows));
      const keys = arena.alloc(rows * options.bands * 8);
      const norm = arena.alloc(rows * 16);
      const counts = arena.alloc(rows * 4);
      const signs = sign ? arena.alloc(rows * signatureLength * 4) : 0;
      const room = arena.alloc(longest);
      const { buffer } = arena.exports.memory;
      new Uint8Array(buffer, keys, rows * options.bands * 8).fill(0);
      new Uint8Array(buffer, norm, rows * 16).fill(0);
      if (sign) new Uint8Array(buffer, signs, rows * signatureLength * 4).fill(0xff);
      arena.exports.minhashKeys(text - first, starts, rows, flags, codes, keys, norm, counts, signs, room);
      const after = arena.exports.memory.buffer;
      return {
        keys: new BigInt64Array(after, keys, rows * options.bands).slice(),
        normalized: new BigInt64Array(after, norm, rows * 2).slice(),
        shingles: arena.int32(counts, rows),
        signatures: sign ? new Uint32Array(after, signs, rows * signatureLength).slice() : null,
        signatureLength,
      };
    },
    shingles(text) {
      arena.reset();
      const at = arena.copyIn(text);
      const room = arena.alloc(foldedBytes(text, 0, text.length));
      const list = arena.exports.minhashList(at, text.length, room) >>> 0;
      return new Uint32Array(arena.exports.memory.buffer, list, (arena.exports.minhashListed() >>> 0) * 2).slice();
    },
  };
}

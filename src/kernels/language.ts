import { kernelModule, openArena } from './arena.ts';
import { checkOffsets } from './statistics.ts';

/** Weights of a language model: `weights[slot * labels + label]`. */
export interface LanguageWeights {
  /** 2 to this power are the slots. */
  readonly bits: number;
  /** At most 64. */
  readonly labels: number;
  readonly weights: Int8Array;
}

export interface LanguageSums {
  /** `rows x LANGUAGE_WIDTH` sums of weights; label by label, then zeros. */
  readonly sums: Int32Array;
  /** n-grams of each text; 0: it has none, or it was not asked for. */
  readonly counts: Int32Array;
}

/** A language model in a WebAssembly instance of its own, equal to `referenceLanguage`. */
export interface LanguageKernel {
  memoryBytes(): number;
  /**
   * Arguments as those of `StatisticsFunction`.
   * @param most bytes of a text that are read, at most MOST_LANGUAGE_BYTES
   */
  sums(values: Uint8Array, offsets: Int32Array, rows: number, alive: Uint8Array | null, most: number): LanguageSums;
}

export const LANGUAGE_WIDTH = 64;
/** More n-grams may not fit a sum of 32 bits. */
export const MOST_LANGUAGE_BYTES = 1 << 22;

export async function openLanguageKernel({ bits, labels, weights }: LanguageWeights): Promise<LanguageKernel> {
  const arena = openArena(await kernelModule());
  const { exports } = arena;
  const slots = 2 ** bits;
  const table = arena.alloc(slots * LANGUAGE_WIDTH);
  const memory = new Int8Array(exports.memory.buffer, table, slots * LANGUAGE_WIDTH).fill(0);
  for (let s = 0; s < slots; s++) memory.set(weights.subarray(s * labels, (s + 1) * labels), s * LANGUAGE_WIDTH);
  arena.keep();
  return {
    memoryBytes: () => arena.memoryBytes(),
    sums(values, offsets, rows, alive, most) {
      checkOffsets(values, offsets, rows, 'language kernel');
      arena.reset();
      const first = offsets[0];
      const text = arena.copyIn(values.subarray(first, offsets[rows]));
      const begins = arena.copyInInt32(offsets.subarray(0, rows + 1));
      const flags = alive === null ? 0 : arena.copyIn(alive.subarray(0, rows));
      const longest = Math.min(most, offsets[rows] - first);
      const scratch = arena.alloc(longest + 80);
      const out = arena.alloc(rows * LANGUAGE_WIDTH * 4);
      const counts = arena.alloc(rows * 4);
      exports.languageSums(table, bits, text - first, begins, rows, flags, most, scratch, out, counts);
      return { sums: arena.int32(out, rows * LANGUAGE_WIDTH), counts: arena.int32(counts, rows) };
    },
  };
}

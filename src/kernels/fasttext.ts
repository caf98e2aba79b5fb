import { ConfigError } from '../errors.ts';
import { kernelModule, openArena } from './arena.ts';
import { checkOffsets } from './statistics.ts';

/** What the kernel must know of a model before its matrices come. */
export interface FastTextSizes {
  /** Columns of the input matrix. */
  readonly dim: number;
  readonly inputRows: number;
  /** Rows of the output matrix. */
  readonly outputs: number;
  readonly minn: number;
  readonly maxn: number;
  readonly bucket: number;
  readonly wordNgrams: number;
  /** Words, without labels. */
  readonly words: number;
  /** Which buckets have a row: all, none, or those that `kept` names. */
  readonly buckets: 'all' | 'none' | 'some';
  /** Words, then labels: entry i is `bytes[starts[i] .. starts[i + 1])`. */
  readonly vocabulary: { readonly bytes: Uint8Array; readonly starts: Uint32Array };
}

/** Memory to fill; the views die when `fill` returns. */
export interface FastTextMemory {
  /** Row by row, `stride` floats each. */
  readonly input: Float32Array;
  /** `dim` rounded up to a multiple of 4; the floats behind `dim` stay 0. */
  readonly stride: number;
  /** Column by column, `wide` floats each: value of row i and column j at `j * wide + i`. */
  readonly output: Float32Array;
  readonly wide: number;
  /** A factor for each row of the output; filled with 1. */
  readonly norms: Float32Array;
  /** Row of each bucket behind the words, or -1, which it is filled with; empty unless `buckets` is `some`. */
  readonly kept: Int32Array;
}

export interface FastTextProducts {
  /** `rows x wide` products of the mean vector with the rows of the output matrix. */
  readonly products: Float32Array;
  readonly wide: number;
  /** Input rows that each text has; 0: none, or it was not asked for. */
  readonly counts: Int32Array;
}

/** A fastText model in a WebAssembly instance of its own, equal to `referenceFastText`. */
export interface FastTextKernel {
  memoryBytes(): number;
  /** Arguments as those of `StatisticsFunction`. White space of any kind separates tokens. */
  scores(values: Uint8Array, offsets: Int32Array, rows: number, alive: Uint8Array | null): FastTextProducts;
}

/** A WebAssembly memory has 4 GiB; this is left for texts. */
const MOST_BYTES = 4 * 1024 ** 3 - 256 * 1024 * 1024;

const up4 = (n: number): number => Math.ceil(n / 4) * 4;

/** Opens a kernel. Errors: ConfigError for a model that does not fit; InvariantError where there is no memory. */
export async function openFastTextKernel(
  sizes: FastTextSizes,
  fill: (memory: FastTextMemory) => void,
  where: string,
): Promise<FastTextKernel> {
  const { vocabulary, outputs, dim, inputRows, bucket } = sizes;
  const count = vocabulary.starts.length - 1;
  const [stride, wide] = [up4(dim), up4(outputs)];
  const slots = 2 ** Math.ceil(Math.log2(Math.max(4, count * 1.5)));
  const keptLength = sizes.buckets === 'some' ? bucket : 0;
  const lengths = [inputRows * stride, dim * wide, wide, keptLength, slots * 2, vocabulary.bytes.length / 4, count];
  const bytes = lengths.reduce((a, b) => a + b, 0) * 4;
  if (bytes > MOST_BYTES)
    throw new ConfigError({
      expected: `a model of at most ${MOST_BYTES} bytes`,
      got: `one of ${bytes} bytes (${inputRows} x ${dim} numbers)`,
      where,
      fix: 'Quantise it (`fasttext quantize`), or train one with fewer dimensions or buckets.',
    });
  const arena = openArena(await kernelModule());
  const { exports } = arena;
  const { minn, maxn, wordNgrams, words } = sizes;
  const pruning = sizes.buckets === 'all' ? -1 : sizes.buckets === 'none' ? 0 : 1;
  exports.fasttextOpen(stride, dim, outputs, minn, maxn, bucket, wordNgrams, words, pruning);
  const input = arena.alloc(inputRows * stride * 4);
  const output = arena.alloc(dim * wide * 4);
  const norms = arena.alloc(wide * 4);
  const kept = arena.alloc(keptLength * 4);
  const text = arena.copyIn(vocabulary.bytes);
  const begin = arena.copyInInt32(new Int32Array(vocabulary.starts.buffer, vocabulary.starts.byteOffset, count + 1));
  const table = arena.alloc(slots * 8);
  const { buffer } = exports.memory;
  const memory: FastTextMemory = {
    input: new Float32Array(buffer, input, inputRows * stride),
    stride,
    output: new Float32Array(buffer, output, dim * wide).fill(0),
    wide,
    norms: new Float32Array(buffer, norms, wide).fill(1),
    kept: new Int32Array(buffer, kept, keptLength).fill(-1),
  };
  fill(memory);
  const scaled = memory.norms.some((n) => n !== 1);
  exports.fasttextTables(input, output, scaled ? norms : 0, kept);
  exports.fasttextWords(text, begin, count, table, slots);
  arena.keep();
  return {
    memoryBytes: () => arena.memoryBytes(),
    scores(values, offsets, rows, alive) {
      checkOffsets(values, offsets, rows, 'fastText kernel');
      arena.reset();
      // The kernel writes beside a text for a while.
      arena.alloc(16);
      const at = arena.copyIn(values.subarray(offsets[0], offsets[rows]));
      const begins = arena.copyInInt32(offsets.subarray(0, rows + 1));
      const flags = alive === null ? 0 : arena.copyIn(alive.subarray(0, rows));
      const out = arena.alloc(rows * wide * 4);
      const counts = arena.alloc(rows * 4);
      exports.fasttextScores(at - offsets[0], begins, rows, flags, out, counts);
      const products = new Float32Array(exports.memory.buffer, out, rows * wide).slice();
      return { products, wide, counts: arena.int32(counts, rows) };
    },
  };
}

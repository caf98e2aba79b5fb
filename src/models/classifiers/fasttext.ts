import { createHash } from 'node:crypto';
import { InputError } from '../../errors.ts';
import { openFastTextKernel } from '../../kernels/fasttext.ts';
import { openByteFile } from './byte-file.ts';
import { checkStart, readLayout } from './fasttext-layout.ts';
import { fillMatrices } from './fasttext-matrix.ts';
import { rankOf } from './fasttext-scores.ts';
import type { Ranked } from './label-heap.ts';

/** A supervised fastText model. */
export interface FastText {
  /** As in the file, without `__label__` in front. */
  readonly labels: readonly string[];
  /** Bytes of WebAssembly memory. */
  memoryBytes(): number;
  /**
   * The best labels of each text, by falling score; null for one that has no token that the model knows, or that was
   * not asked for. Equal to what `predict(text.replace("\n", " "), k)` of the library says.
   * @param most labels a text; more than there are: all
   */
  predict(
    values: Uint8Array,
    offsets: Int32Array,
    rows: number,
    alive: Uint8Array | null,
    most: number,
  ): (Ranked | null)[];
}

const WHAT = 'a fastText model (.bin or .ftz)';
const PREFIX = '__label__';

/** A label as users write it. */
export const plainLabel = (label: string): string => (label.startsWith(PREFIX) ? label.slice(PREFIX.length) : label);

/**
 * Reads a model of fastText (`.bin`, or `.ftz` with its quantised matrices) into a kernel. Memory: four bytes a number,
 * quantised ones unpacked. Errors: ConfigError when there is no such file or it is no supervised model; InputError for
 * a damaged one.
 */
export async function loadFastText(path: string): Promise<FastText> {
  const file = openByteFile(path, WHAT);
  try {
    const layout = readLayout(file);
    const { words, prunedBuckets: kept, input, output } = layout;
    const buckets = kept < 0 ? 'all' : kept === 0 ? 'none' : 'some';
    const sizes = { ...layout, words, buckets, inputRows: input.rows, outputs: output.rows } as const;
    const kernel = await openFastTextKernel(sizes, (memory) => fillMatrices(file, layout, memory), path);
    const rank = rankOf(layout);
    return {
      labels: layout.labels.map(plainLabel),
      memoryBytes: () => kernel.memoryBytes(),
      predict(values, offsets, rows, alive, most) {
        const { products, wide, counts } = kernel.scores(values, offsets, rows, alive);
        return Array.from({ length: rows }, (_, row) => {
          if (counts[row] === 0) return null;
          const from = row * wide;
          for (let i = 0; i < output.rows; i++) if (Number.isNaN(products[from + i])) throw notNumbers(path);
          return rank(products, from, most);
        });
      },
    };
  } finally {
    file.close();
  }
}

const notNumbers = (path: string): InputError =>
  new InputError({
    problem: `${path} has numbers in its input matrix that are none`,
    expected: 'finite numbers',
    got: 'NaN or infinity',
    where: path,
    fix: 'Fetch the file again.',
  });

/** Parts of a large file that are hashed. */
const PARTS = 64;
const PART_BYTES = 1 << 20;

/**
 * A hash that changes with the model: of all of a file up to 64 MiB, else of its size and 64 parts of 1 MiB, the first
 * and the last among them. Errors: ConfigError when the file is not there, or does not begin like a model.
 */
export function fastTextHash(path: string): string {
  const file = openByteFile(path, WHAT);
  try {
    checkStart(file);
    const hash = createHash('sha256').update(`${file.size}\n`);
    const last = Math.max(0, file.size - PART_BYTES);
    const step = file.size <= PARTS * PART_BYTES ? PART_BYTES : Math.floor(last / (PARTS - 1));
    for (let at = 0; at < file.size; at += step) {
      hash.update(file.read(at, Math.min(PART_BYTES, file.size - at), 'contents'));
    }
    return hash.digest('hex');
  } finally {
    file.close();
  }
}

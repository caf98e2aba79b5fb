import { LANGUAGE_WIDTH, openLanguageKernel } from '../../kernels/language.ts';
import type { Ranked } from './label-heap.ts';
import { LANGUAGE_MODEL, type LanguageFile, readLanguageModel } from './language-file.ts';

/** What tells languages apart. */
export interface LanguageModel {
  readonly labels: readonly string[];
  memoryBytes(): number;
  /**
   * The best labels of each text with their probabilities, by falling probability; null for a text without letters, or
   * one that was not asked for. Of two labels alike the first in the list comes first.
   * @param most labels a text @param bytes of a text that are read
   */
  predict(
    values: Uint8Array,
    offsets: Int32Array,
    rows: number,
    alive: Uint8Array | null,
    most: number,
    bytes: number,
  ): (Ranked | null)[];
}

/** Opens the language model that ships, or another one of its format, read or not. Errors: as `readLanguageModel`. */
export async function loadLanguageModel(from: string | URL | LanguageFile = LANGUAGE_MODEL): Promise<LanguageModel> {
  const file = typeof from === 'string' || from instanceof URL ? readLanguageModel(from) : from;
  const { bits, labels, step, scale = 1, weights } = file;
  const kernel = await openLanguageKernel({ bits, labels: labels.length, weights });
  return {
    labels,
    memoryBytes: () => kernel.memoryBytes(),
    predict(values, offsets, rows, alive, most, bytes) {
      const { sums, counts } = kernel.sums(values, offsets, rows, alive, bytes);
      return Array.from({ length: rows }, (_, row) => {
        if (counts[row] === 0) return null;
        return ranked(sums, row * LANGUAGE_WIDTH, labels.length, (step * scale) / counts[row], most);
      });
    },
  };
}

/** Labels by their sums, with their probabilities. @param unit logits of one unit of a sum */
function ranked(sums: Int32Array, at: number, labels: number, unit: number, most: number): Ranked {
  let top = 0;
  for (let l = 1; l < labels; l++) if (sums[at + l] > sums[at + top]) top = l;
  const highest = sums[at + top];
  let total = 0;
  for (let l = 0; l < labels; l++) total += Math.exp((sums[at + l] - highest) * unit);
  const best =
    most === 1
      ? [top]
      : Array.from({ length: labels }, (_, l) => l)
          .sort((a, b) => sums[at + b] - sums[at + a] || a - b)
          .slice(0, most);
  return { labels: best, scores: best.map((l) => Math.exp((sums[at + l] - highest) * unit) / total) };
}

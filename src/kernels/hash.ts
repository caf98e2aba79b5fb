import type { KernelArena } from './arena.ts';
import { checkOffsets } from './statistics.ts';

/**
 * 128-bit content hashes of a batch of texts, equal to `referenceContentHash` of each.
 * @param values bytes; text i is `values[offsets[i] .. offsets[i + 1])`. @param offsets `rows + 1` entries;
 *   `offsets[0]` may be > 0.
 * @param alive one byte per row, 0 = leave out; null = all rows.
 * @returns two words a row, high half first; zeros for rows left out.
 */
export type ContentHashFunction = (
  values: Uint8Array,
  offsets: Int32Array,
  rows: number,
  alive: Uint8Array | null,
) => BigUint64Array<ArrayBuffer>;

export function contentHashesOver(arena: KernelArena): ContentHashFunction {
  return (values, offsets, rows, alive) => {
    checkOffsets(values, offsets, rows);
    arena.reset();
    const first = offsets[0];
    const text = arena.copyIn(values.subarray(first, offsets[rows]));
    const starts = arena.copyInInt32(offsets.subarray(0, rows + 1));
    const flags = alive === null ? 0 : arena.copyIn(alive.subarray(0, rows));
    const out = arena.alloc(rows * 16);
    arena.exports.contentHashes(text - first, starts, rows, flags, out);
    return new BigUint64Array(arena.exports.memory.buffer, out, rows * 2).slice();
  };
}

import type { KernelArena } from './arena.ts';
import { checkOffsets } from './statistics.ts';

/** What writers do to bytes. Results are views of the kernel's memory: use them before the next call of any kernel. */
export interface Encoders {
  /** Snappy raw format; the same bytes as `referenceSnappy`. */
  snappy(bytes: Uint8Array): Uint8Array;
  /** Rows of utf8 as the inside of JSON strings; the same bytes as JSON.stringify without its quotes. */
  escapeJson(values: Uint8Array, offsets: Int32Array, rows: number): { values: Uint8Array; offsets: Int32Array };
}

const TABLE_BYTES = 2 << 14;
/** Vector stores may run over the end. */
const OVER = 64;

export function encodersOver(arena: KernelArena): Encoders {
  const { exports } = arena;
  return {
    snappy(bytes) {
      arena.reset();
      const input = arena.copyIn(bytes);
      const table = arena.alloc(TABLE_BYTES);
      const out = arena.alloc(32 + bytes.length + Math.ceil(bytes.length / 6) + OVER);
      const length = exports.snappyCompress(input, bytes.length, out, table) >>> 0;
      return new Uint8Array(exports.memory.buffer, out, length);
    },
    escapeJson(values, offsets, rows) {
      checkOffsets(values, offsets, rows);
      arena.reset();
      const [first, last] = [offsets[0], offsets[rows]];
      const input = arena.copyIn(values.subarray(first, last));
      const starts = arena.copyInInt32(offsets.subarray(0, rows + 1));
      const escapes = exports.countEscapes(input, last - first) >>> 0;
      const outOffsets = arena.alloc((rows + 1) * 4);
      const out = arena.alloc(last - first + 5 * escapes + OVER);
      const length = exports.escapeJson(input - first, starts, rows, out, outOffsets) >>> 0;
      const { buffer } = exports.memory;
      return { values: new Uint8Array(buffer, out, length), offsets: new Int32Array(buffer, outOffsets, rows + 1) };
    },
  };
}

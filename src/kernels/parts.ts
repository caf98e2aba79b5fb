import type { KernelArena } from './arena.ts';
import { BYTE, BYTE_CLASSES, CODE_STARTS, CODE_WORDS, PART_WORDS } from './part-tables.ts';
import { checkOffsets } from './statistics.ts';

/** The columns of `parts`, in order; what each means is written at `textParts()`. */
export const PARTS = [
  { name: 'parts_prose_ratio', type: 'float64' },
  { name: 'parts_short_ratio', type: 'float64' },
  { name: 'parts_list_ratio', type: 'float64' },
  { name: 'parts_code_ratio', type: 'float64' },
  { name: 'parts_table_ratio', type: 'float64' },
  { name: 'parts_menu_line_ratio', type: 'float64' },
  { name: 'parts_words', type: 'int32' },
  { name: 'parts_english_ratio', type: 'float64' },
  { name: 'parts_foreign_words', type: 'int32' },
  { name: 'parts_foreign_ratio', type: 'float64' },
  { name: 'parts_other_script_ratio', type: 'float64' },
  { name: 'parts_odd_word_ratio', type: 'float64' },
  { name: 'parts_impossible_pair_ratio', type: 'float64' },
  { name: 'parts_run_on_ratio', type: 'float64' },
  { name: 'parts_filler_ratio', type: 'float64' },
  { name: 'parts_mojibake_count', type: 'int32' },
] as const;

export type PartColumn = (typeof PARTS)[number]['name'];

export interface PartsOfBatch {
  /** `rows x PARTS.length` values, row by row; NaN = no value: the row is not alive, or nothing to divide by. */
  readonly values: Float64Array<ArrayBuffer>;
  /** The prose of all rows as UTF-8; that of row i is `prose[proseOffsets[i] .. proseOffsets[i + 1])`. */
  readonly prose: Uint8Array<ArrayBuffer>;
  readonly proseOffsets: Int32Array<ArrayBuffer>;
}

/**
 * What a batch of documents is made of, and their prose apart, in one pass over their bytes. Arguments as those of
 * `StatisticsFunction`. Equal, to the bit, to `referenceParts` and `referenceProse` of each document.
 */
export type PartsFunction = (
  values: Uint8Array,
  offsets: Int32Array,
  rows: number,
  alive: Uint8Array | null,
) => PartsOfBatch;

export function partsOver(arena: KernelArena): PartsFunction {
  return (values, offsets, rows, alive) => {
    checkOffsets(values, offsets, rows, 'parts kernel');
    arena.reset();
    const first = offsets[0];
    const bytes = offsets[rows] - first;
    const text = arena.copyIn(values.subarray(first, offsets[rows]));
    const starts = arena.copyInInt32(offsets.subarray(0, rows + 1));
    const flags = alive === null ? 0 : arena.copyIn(alive.subarray(0, rows));
    const out = arena.alloc(rows * PARTS.length * 8);
    const ends = arena.alloc((rows + 1) * 4);
    const prose = arena.alloc(bytes + rows + 16);
    arena.exports.parts(text - first, starts, rows, flags, out, prose, ends);
    const proseOffsets = arena.int32(ends, rows + 1);
    return {
      values: arena.float64(out, rows * PARTS.length),
      prose: arena.uint8(prose, proseOffsets[rows]),
      proseOffsets,
    };
  };
}

/** Classes that the kernel tells 16 bytes at a time, in its order. */
const ROWS = [BYTE.letter, BYTE.digit, BYTE.space, BYTE.mark, BYTE.plain];

/** A bit for each high digit of an ASCII byte. */
const highRows = Uint8Array.from({ length: 16 }, (_, high) => (high < 8 ? 1 << high : 0));

/** For each low digit: the high digits with which it is an ASCII byte of the class. */
const rowsOf = (bit: number): Uint8Array =>
  Uint8Array.from({ length: 16 }, (_, low) =>
    Array.from({ length: 8 }, (_, high) => ((BYTE_CLASSES[16 * high + low] & bit) !== 0 ? 1 << high : 0)).reduce(
      (all, row) => all | row,
    ),
  );

/** Copies the classes of bytes, the starts of lines and the words into an instance; the caller keeps them. */
export function installPartTables(arena: KernelArena): void {
  const { exports } = arena;
  const lines = [...CODE_STARTS, ...CODE_WORDS];
  const classes = exports.partTables(lines.length, CODE_STARTS.length) >>> 0;
  const tables = new Uint8Array(exports.memory.buffer, classes, 256 + 6 * 16);
  tables.set(BYTE_CLASSES);
  tables.set(highRows, 256);
  ROWS.forEach((bit, k) => {
    tables.set(rowsOf(bit), 256 + 16 * (k + 1));
  });
  const starts = exports.partStarts() >>> 0;
  lines.forEach((start, i) => {
    const slot = new Uint8Array(exports.memory.buffer, starts + i * 16, 16);
    slot[0] = start.length;
    slot.set(new TextEncoder().encode(start), 1);
  });
  for (const [word, bits] of PART_WORDS) {
    const key = new Uint8Array(8);
    key.set(new TextEncoder().encode(word));
    const view = new DataView(key.buffer);
    exports.partWord(view.getUint32(0, true), view.getUint32(4, true), bits);
  }
}

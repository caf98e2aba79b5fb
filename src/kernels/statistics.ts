import { InvariantError } from '../errors.ts';
import type { KernelArena } from './arena.ts';

/** Families of statistics, as bits to or together. */
export const FAMILY = { gopher_quality: 1, gopher_repetition: 2, fineweb: 4, text: 8, all: 15 } as const;

export type StatisticFamily = Exclude<keyof typeof FAMILY, 'all'>;

export interface Statistic {
  readonly name: string;
  readonly type: 'int32' | 'float64';
  readonly family: StatisticFamily;
}

const of = (family: StatisticFamily, names: string): Statistic[] =>
  names.split(' ').map((n) => {
    const [name, type] = n.split(':');
    return { name: `${family.split('_')[0]}_${name}`, type: type === 'i' ? 'int32' : 'float64', family };
  });

/**
 * The columns of `statistics`, in order. What each one means is written at its plain reference:
 * reference/gopher-quality.ts, gopher-repetition.ts, fineweb.ts and text.ts.
 */
export const STATISTICS: readonly Statistic[] = [
  ...of(
    'gopher_quality',
    'word_count:i mean_word_length hash_ratio ellipsis_ratio bullet_line_ratio ellipsis_line_ratio ' +
      'alpha_word_ratio stop_word_count:i',
  ),
  ...of(
    'gopher_repetition',
    'duplicate_line_ratio duplicate_line_char_ratio duplicate_paragraph_ratio duplicate_paragraph_char_ratio ' +
      'top_2_gram_char_ratio top_3_gram_char_ratio top_4_gram_char_ratio duplicate_5_gram_char_ratio ' +
      'duplicate_6_gram_char_ratio ' +
      'duplicate_7_gram_char_ratio duplicate_8_gram_char_ratio duplicate_9_gram_char_ratio ' +
      'duplicate_10_gram_char_ratio',
  ),
  ...of('fineweb', 'line_punct_ratio short_line_ratio char_dup_ratio newline_ratio'),
  ...of(
    'text',
    'chars:i lines:i mean_line_length max_line_length:i max_word_length:i letter_ratio digit_ratio ' +
      'upper_ratio white_space_ratio ' +
      'punctuation_ratio symbol_ratio control_ratio replacement_count:i distinct_word_ratio ' +
      'function_word_ratio sentences:i ' +
      'words_per_sentence capital_line_ratio tokens_estimate:i',
  ),
];

/**
 * Statistics of a batch of documents in one pass over their bytes.
 * @param values valid UTF-8; document i is `values[offsets[i] .. offsets[i + 1])`; at most 2 GB.
 * @param offsets `rows + 1` entries (more are ignored), not decreasing; `offsets[0]` may be > 0.
 * @param alive one byte per row, 0 = leave out; null = all rows.
 * @param families bits of FAMILY.
 * @returns `rows x STATISTICS.length` values, row by row. NaN = no value: the row is not alive, the family was not
 *   asked for, or nothing to divide by. Equal, to the bit, to `referenceStatistics` of each document.
 */
export type StatisticsFunction = (
  values: Uint8Array,
  offsets: Int32Array,
  rows: number,
  alive: Uint8Array | null,
  families: number,
) => Float64Array<ArrayBuffer>;

export function statisticsOver(arena: KernelArena): StatisticsFunction {
  return (values, offsets, rows, alive, families) => {
    checkOffsets(values, offsets, rows);
    arena.reset();
    const first = offsets[0];
    const text = arena.copyIn(values.subarray(first, offsets[rows]));
    const starts = arena.copyInInt32(offsets.subarray(0, rows + 1));
    const flags = alive === null ? 0 : arena.copyIn(alive.subarray(0, rows));
    const out = arena.alloc(rows * STATISTICS.length * 8);
    arena.exports.statistics(text - first, starts, rows, flags, families, out);
    return arena.float64(out, rows * STATISTICS.length);
  };
}

/** Throws `InvariantError` unless `offsets` are those of `rows` documents inside `values`. */
export function checkOffsets(values: Uint8Array, offsets: Int32Array, rows: number, where = 'statistics kernel'): void {
  let good = offsets.length > rows && offsets[0] >= 0 && offsets[rows] <= values.length;
  for (let i = 0; good && i < rows; i++) good = offsets[i] <= offsets[i + 1];
  if (good) return;
  throw new InvariantError({
    expected: `${rows + 1} offsets, not decreasing, within ${values.length} bytes`,
    got: `${offsets.length} offsets from ${offsets[0]} to ${offsets[rows]}`,
    where,
  });
}

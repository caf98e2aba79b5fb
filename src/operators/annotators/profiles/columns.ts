import type { ColumnSpec } from '../../../streams/batch/columns.ts';

const counts = (...names: readonly string[]): ColumnSpec[] => names.map((name) => ({ name, type: 'int32' }));
const ratios = (...names: readonly string[]): ColumnSpec[] => names.map((name) => ({ name, type: 'float64' }));

const GRAMS = [
  ...[2, 3, 4].map((n) => `gopher_top_${n}_gram_char_ratio`),
  ...[5, 6, 7, 8, 9, 10].map((n) => `gopher_duplicate_${n}_gram_char_ratio`),
];

/** Apart from the functions that compute them, which take 60 ms to load. */
const COLUMNS: { readonly [family: string]: { readonly [profile: string]: readonly ColumnSpec[] } } = {
  gopher_quality: {
    datatrove: [
      ...counts('gopher_word_count'),
      ...ratios('gopher_mean_word_length', 'gopher_hash_ratio', 'gopher_ellipsis_ratio', 'gopher_bullet_line_ratio'),
      ...ratios('gopher_ellipsis_line_ratio', 'gopher_alpha_word_ratio'),
      ...counts('gopher_stop_word_count'),
    ],
    dolma: [
      ...counts('gopher_word_count'),
      ...ratios('gopher_median_word_length', 'gopher_symbol_word_ratio', 'gopher_bullet_line_ratio'),
      ...ratios('gopher_ellipsis_line_ratio', 'gopher_alpha_word_ratio'),
      ...counts('gopher_stop_word_count'),
    ],
  },
  gopher_repetition: {
    datatrove: [
      ...counts('gopher_chars'),
      ...ratios('gopher_duplicate_line_ratio', 'gopher_duplicate_line_char_ratio'),
      ...ratios('gopher_duplicate_paragraph_ratio', 'gopher_duplicate_paragraph_char_ratio', ...GRAMS),
    ],
    dolma: ratios('gopher_duplicate_line_ratio', 'gopher_duplicate_line_char_ratio', ...GRAMS),
  },
  fineweb: {
    datatrove: [
      ...counts('fineweb_lines'),
      ...ratios('fineweb_line_punct_ratio', 'fineweb_short_line_ratio', 'fineweb_char_dup_ratio'),
      ...ratios('fineweb_newline_ratio'),
    ],
  },
};

/** What a family has in a profile of another tool, in the order in which it is written. */
export const profileColumns = (family: string, profile: string): readonly ColumnSpec[] => COLUMNS[family][profile];

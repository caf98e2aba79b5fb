import type { Ranked } from '../../models/classifiers/label-heap.ts';
import {
  type Column,
  type ColumnSpec,
  float64Column,
  type Utf8Column,
  utf8Column,
} from '../../streams/batch/columns.ts';

/** Columns of the likeliest labels and their scores: `label`, `score`, `label_2`, `score_2` and so on. */
export const labelColumns = (label: string, score: string, most: number): ColumnSpec[] =>
  Array.from({ length: most }, (_, k) => (k === 0 ? '' : `_${k + 1}`)).flatMap((suffix) => [
    { name: `${label}${suffix}`, type: 'utf8' as const },
    { name: `${score}${suffix}`, type: 'float64' as const },
  ]);

/** Column of the score of one label: `fasttext_hq`. */
export const columnOfLabel = (prefix: string, label: string): string =>
  `${prefix}_${label.toLowerCase().replace(/[^a-z0-9]+/g, '_')}`;

/** The columns of `labelColumns`. @param score of a ranked score: what stands in the column */
export function labelColumnsOf(
  names: readonly ColumnSpec[],
  ranked: readonly (Ranked | null)[],
  labels: readonly string[],
  scoreOf: (score: number) => number = (s) => s,
): (readonly [string, Column])[] {
  return names.map(({ name, type }, i) => {
    const k = i >> 1;
    if (type === 'utf8') {
      const found = ranked.map((r) => (r && k < r.labels.length ? labels[r.labels[k]] : null));
      return [name, utf8Column(found)] as const;
    }
    const scores = Float64Array.from(ranked, (r) => (r && k < r.scores.length ? scoreOf(r.scores[k]) : Number.NaN));
    return [name, float64Column(scores)] as const;
  });
}

/** The beginnings of texts: at most so many bytes each, cut at a code point. Null: whole texts. */
export function headsOf(text: Utf8Column, rows: number, most: number | null): Utf8Column {
  const { values, offsets } = text;
  const isLong = (row: number): boolean => most !== null && offsets[row + 1] - offsets[row] > most;
  if (!Array.from({ length: rows }, (_, row) => isLong(row)).includes(true)) return text;
  const heads = new Int32Array(rows + 1);
  const parts = Array.from({ length: rows }, (_, row) => {
    let end = offsets[row + 1];
    if (isLong(row)) {
      end = offsets[row] + most!;
      while (end > offsets[row] && (values[end] & 0xc0) === 0x80) end--;
    }
    heads[row + 1] = heads[row] + end - offsets[row];
    return values.subarray(offsets[row], end);
  });
  return { type: 'utf8', offsets: heads, values: Buffer.concat(parts), valid: text.valid };
}

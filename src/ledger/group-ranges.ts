/** What a row group says of a column: its least and its greatest value; null: it does not say. */
export type Range<T> = readonly [T, T] | null;

/** Where the documents of a row group stand. */
export interface GroupRanges {
  readonly file: Range<string>;
  readonly block: Range<number>;
  readonly offset: Range<number>;
}

/** Where a document stands in the input. */
export interface Place {
  readonly file: string;
  readonly block: number;
  readonly offset: number;
}

/** As DuckDB tells the statistics of a column. */
export const textRange = (least: unknown, most: unknown): Range<string> =>
  typeof least === 'string' && typeof most === 'string' ? [least, most] : null;

export const numberRange = (least: unknown, most: unknown): Range<number> => {
  const range = textRange(least, most);
  return range && [Number(range[0]), Number(range[1])];
};

const within = (range: Range<number>, n: number): boolean => range === null || (range[0] <= n && n <= range[1]);

/** Whether a row group may hold a place. Statistics of long names may be cut: they still are a lower and upper end. */
export const mayHold = ({ file, block, offset }: GroupRanges, place: Place): boolean =>
  within(block, place.block) &&
  within(offset, place.offset) &&
  (file === null || (inBytes(file[0], place.file) <= 0 && inBytes(place.file, file[1]) <= 0));

/** Parquet compares names by their bytes. */
const inBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

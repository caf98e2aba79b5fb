import type { DocumentBatch } from '../../../streams/batch/batch.ts';
import type { Column } from '../../../streams/batch/columns.ts';
import type { KeyTables } from './key-tables.ts';

/** Words and bytes of a hash. */
export const HASH_WORDS = 4;
export const HASH_BYTES = 16;

/** Hashes are parted by the upper bits of their second word; ranges of these buckets make the partitions. */
const BUCKETS = 4096;
const SHIFT = 20;

/** The bucket of a hash, by its second word. */
export const bucketOf = (word: number): number => word >>> SHIFT;

/** Hashes of each bucket, to be counted. */
export const noBuckets = (): Float64Array => new Float64Array(BUCKETS);

/** Hashes whose bucket is at least `from` and below `to`. */
export interface HashRange {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** All buckets in ranges of at most `most` hashes; a bucket is never parted. */
export function hashRanges(sizes: Float64Array, most: number): HashRange[] {
  const ranges: HashRange[] = [];
  for (let from = 0, to = 0; from < BUCKETS; from = to) {
    let count = 0;
    do count += sizes[to++];
    while (to < BUCKETS && count + sizes[to] <= most);
    if (count > 0) ranges.push({ from, to, count });
  }
  return ranges;
}

/** One half of 128-bit hashes of two words a row, as a side column. */
export function halfColumn(hashes: BigUint64Array, half: 0 | 1): Column {
  const from = new Uint32Array(hashes.buffer, hashes.byteOffset, hashes.length * 2);
  const values = new BigInt64Array(hashes.length / 2);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < values.length; i++) {
    words[2 * i] = from[4 * i + 2 * half];
    words[2 * i + 1] = from[4 * i + 2 * half + 1];
  }
  return { type: 'int64', values, valid: null };
}

/** The side columns of the two halves. */
export type Halves = readonly [first: string, second: string];

/** Called with four words, which are used again for the next hash, the document's number and its row in the frame. */
export type VisitHash = (hash: Uint32Array, document: number, row: number) => void;

/** Adds the hashes of documents to `sizes`; those whose first half is 0 have none. */
export function countBuckets(tables: KeyTables, half: string, sizes: Float64Array): void {
  tables.scan([half], ([buffer], _from, rows) => {
    const words = new Uint32Array(buffer, 0, rows * 2);
    for (let i = 0; i < rows; i++) if ((words[2 * i] | words[2 * i + 1]) !== 0) sizes[bucketOf(words[2 * i + 1])]++;
  });
}

/**
 * The hashes of documents in a range, in input order. Reads these columns and no others.
 * @param more further columns @param frame takes their bytes, frame by frame, and gives what takes its hashes
 */
export function eachHash(
  tables: KeyTables,
  halves: Halves,
  range: Pick<HashRange, 'from' | 'to'>,
  more: readonly string[],
  frame: (columns: readonly ArrayBuffer[], rows: number) => VisitHash,
): void {
  const hash = new Uint32Array(HASH_WORDS);
  tables.scan([...halves, ...more], ([first, second, ...columns], from, rows) => {
    const [a, b] = [new Uint32Array(first, 0, rows * 2), new Uint32Array(second, 0, rows * 2)];
    const visit = frame(columns, rows);
    for (let i = 0; i < rows; i++) {
      const bucket = a[2 * i + 1] >>> SHIFT;
      if (bucket < range.from || bucket >= range.to) continue;
      hash[0] = a[2 * i];
      hash[1] = a[2 * i + 1];
      hash[2] = b[2 * i];
      hash[3] = b[2 * i + 1];
      visit(hash, from + i, i);
    }
  });
}

/** All buckets. */
export const EVERY: Pick<HashRange, 'from' | 'to'> = { from: 0, to: BUCKETS };

/** Whether no bit of a hash is set: what stands where there is none. */
export const isNone = (hash: Uint32Array): boolean => (hash[0] | hash[1] | hash[2] | hash[3]) === 0;

/** Parts of a decision by hash: equal hashes are in one part. @param half the side column with the first half */
export function partsByHash(columns: DocumentBatch, half: string): Uint32Array {
  const { values } = columns.number(half);
  const words = new Uint32Array(values.buffer, values.byteOffset, columns.rows * 2);
  return Uint32Array.from({ length: columns.rows }, (_, i) => words[2 * i]);
}

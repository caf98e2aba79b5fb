import type { RandomRead } from '../shards.ts';
import { FooterMerger, footerBytes, PARQUET_MAGIC, parseFooter } from './footer.ts';

/** Bytes of a file to copy, and what stands before and after them. */
export interface CutOut {
  readonly before: readonly Uint8Array[];
  readonly start: number;
  readonly end: number;
  readonly after: readonly Uint8Array[];
}

/**
 * Rows `from` to `from + rows` of a Parquet file as a file of their own, by copying row groups: what `parquetJoiner`
 * joined comes out as it went in. Null where no row groups hold just these rows.
 */
export async function cutParquet(file: RandomRead, from: number, rows: number): Promise<CutOut | null> {
  const tail = 8;
  const length = footerBytes(await file.bytes(Math.max(0, file.size - tail), file.size), file.path);
  const { frame, groups } = parseFooter(await file.bytes(file.size - tail - length, file.size - tail));
  let at = 0;
  const own = groups.filter((g) => {
    const first = at;
    at += g.rows;
    return first >= from && at <= from + rows;
  });
  if (own.length === 0 || own.reduce((n, g) => n + g.rows, 0) !== rows) return null;
  const start = Math.min(...own.map((g) => g.start));
  const end = Math.max(...own.map((g) => g.end));
  const merger = new FooterMerger(file.path);
  merger.add({ frame, groups: own }, PARQUET_MAGIC.length - start);
  return { before: [PARQUET_MAGIC], start, end, after: [merger.bytes()] };
}

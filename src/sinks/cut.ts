import { open } from 'node:fs/promises';
import { createOutputFile, type OutputPlace, type SegmentFile } from './output-file.ts';
import { type CutOut, cutParquet } from './parquet/cut.ts';
import type { RandomRead } from './shards.ts';

/** Where a segment stands in a shard: rows and bytes of the segments before it. */
export interface SegmentAt {
  readonly rows: number;
  readonly bytes: number;
}

/** How a segment is cut out of a shard; null where it cannot be. */
export type Cutter = (file: RandomRead, at: SegmentAt, segment: SegmentFile) => Promise<CutOut | null>;

/** A file as it is. */
export const wholeFile: Cutter = async ({ size }) => ({ before: [], start: 0, end: size, after: [] });

/** Of formats that are joined by putting one file after the other. */
export const byteRange: Cutter = async (_, at, { bytes }) => ({
  before: [],
  start: at.bytes,
  end: at.bytes + bytes,
  after: [],
});

export const rowGroups: Cutter = (file, at, { rows }) => cutParquet(file, at.rows, rows);

/** Bytes held at once while copying. */
const PIECE = 1024 * 1024;

/**
 * Writes a segment as it was before it was joined into a shard, under its unpublished name. False, and nothing is left,
 * where that does not give the bytes with which it was committed.
 * @param from the shard, absolute
 */
export async function cutSegment(
  place: OutputPlace,
  from: string,
  at: SegmentAt,
  segment: SegmentFile,
  cutter: Cutter,
): Promise<boolean> {
  const handle = await open(from, 'r');
  try {
    const { size } = await handle.stat();
    const bytes = async (start: number, end: number): Promise<Uint8Array> => {
      const into = Buffer.alloc(Math.max(0, end - start));
      await handle.read(into, 0, into.length, start);
      return into;
    };
    const cut = await cutter({ size, path: from, bytes }, at, segment);
    if (cut === null) return false;
    const out = await createOutputFile(place);
    try {
      for (const piece of cut.before) await out.write(piece);
      for (let p = cut.start; p < cut.end; p += PIECE) await out.write(await bytes(p, Math.min(cut.end, p + PIECE)));
      for (const piece of cut.after) await out.write(piece);
      const made = await out.finish();
      if (made.bytes === segment.bytes && made.xxh64 === segment.xxh64) return true;
    } catch (error) {
      await out.abort();
      throw error;
    }
    await out.abort();
    return false;
  } finally {
    await handle.close();
  }
}

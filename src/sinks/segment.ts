import { createOutputFile, type OutputFile, type OutputPlace, type SegmentFile } from './output-file.ts';
import { RowGroup } from './row-group.ts';
import { addTextBytes, selectColumns, type TableBatch } from './table.ts';

/** Writes one file of one sink. Batches may be cut in any way: the bytes depend on the rows and their order only. */
export interface SegmentWriter {
  /** Copies the rows; the batch may be let go when it resolves. One call at a time. */
  write(batch: TableBatch): Promise<void>;
  /**
   * Flushes and makes `<path>.tmp` durable; the caller publishes it. Null when no row was written: then there is no
   * file.
   */
  finish(): Promise<SegmentFile | null>;
  /** Further files, by the name that is put after the sink's; once it has finished. Default: none. */
  readonly beside?: Readonly<Record<string, SegmentFile>>;
  /** Stops and deletes what was written. */
  abort(): Promise<void>;
  /** Bytes held in buffers now, without those of an encoder's WebAssembly memory. */
  readonly bufferedBytes: number;
}

/**
 * Where a row group ends: before the row that would be one too many, or whose text would be too much. A larger row
 * stands alone.
 */
export interface GroupLimits {
  readonly rows: number;
  /** Bytes of all columns of variable length. */
  readonly bytes: number;
  /** Count numbers in lists too, for lists that are long. Default: text only. */
  readonly numbers?: boolean;
}

/** 8,192 rows or 16 MiB of text. */
export const ROW_GROUP_LIMITS: GroupLimits = { rows: 8192, bytes: 16 * 1024 * 1024 };

/** How row groups become the bytes of a file. Pieces are written at once, so their buffers may be used again. */
export interface GroupEncoder {
  readonly limits: GroupLimits;
  /** @param at position in the file where the bytes will stand */
  group(table: TableBatch, at: number): Uint8Array[] | Promise<Uint8Array[]>;
  end(at: number): Uint8Array[];
}

/** Smaller pieces are copied together into one write: a row group is a hundred pages, of which most are a few bytes. */
const GATHER_BYTES = 256 * 1024;

/** Pieces as few writes; a large piece stands alone, without a copy. */
function* gathered(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  let small: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    if (bytes + piece.length > GATHER_BYTES && small.length > 0) {
      yield Buffer.concat(small);
      small = [];
      bytes = 0;
    }
    if (piece.length > GATHER_BYTES) yield piece;
    else {
      small.push(piece);
      bytes += piece.length;
    }
  }
  if (small.length > 0) yield Buffer.concat(small);
}

/**
 * A writer that cuts rows into canonical groups, counted from the first row of the segment, and hands them to an
 * encoder.
 * @param columns names to write, in that order; null = all
 */
export function groupedWriter(
  place: OutputPlace,
  encoder: GroupEncoder,
  columns: readonly string[] | null = null,
): SegmentWriter {
  const { limits } = encoder;
  const group = new RowGroup(place.path, 2 * limits.bytes);
  let file: OutputFile | null = null;
  let groupBytes = 0;
  let rows = 0;
  let textBytes = 0;

  async function put(pieces: Uint8Array[]): Promise<void> {
    file ??= await createOutputFile(place);
    for (const piece of gathered(pieces)) await file.write(piece);
  }
  async function closeGroup(): Promise<void> {
    if (group.rows === 0) return;
    await put(await encoder.group(group.table(), file?.bytes ?? 0));
    group.clear();
    groupBytes = 0;
  }
  return {
    async write(whole) {
      const batch = selectColumns(whole, columns, place.path);
      const bytes = new Float64Array(batch.rows);
      for (const column of batch.columns.values()) addTextBytes(column, 0, batch.rows, bytes, limits.numbers);
      for (let from = 0; from < batch.rows; ) {
        let to = from;
        while (to < batch.rows && group.rows + to - from < limits.rows) {
          if (group.rows + to - from > 0 && groupBytes + bytes[to] > limits.bytes) break;
          groupBytes += bytes[to++];
        }
        group.append(batch, from, to);
        // Anything left in the batch, or a full count, means that the group is complete.
        if (to < batch.rows || group.rows === limits.rows) await closeGroup();
        from = to;
      }
      rows += batch.rows;
      const text = batch.columns.get('text');
      if (text?.type === 'utf8') textBytes += text.offsets[batch.rows] - text.offsets[0];
    },
    async finish() {
      await closeGroup();
      group.release();
      if (rows === 0 || file === null) return null;
      await put(encoder.end(file.bytes));
      return { path: place.path, rows, textBytes, ...(await file.finish()) };
    },
    async abort() {
      group.release();
      await file?.abort();
    },
    get bufferedBytes() {
      return group.byteLength;
    },
  };
}

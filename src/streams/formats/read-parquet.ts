import {
  type AsyncBuffer,
  type FileMetaData,
  type ParquetParsers,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
} from 'hyparquet';
import { pageCodecs } from '../codecs/pages.ts';
import type { FileWindow } from '../codecs/window.ts';
import type { InputRange, PlannedFile } from '../plan/splits.ts';
import type { ReadContext, ReadEvent } from './context.ts';
import { damageOnly, refuseOtherUnits } from './format.ts';
import { estimatedLoss, type Loss, toldLoss } from './loss.ts';
import { ValueRecords } from './records.ts';

/** Unpacked bytes of a row group that are read at once; larger ones are read in runs of rows. */
const RUN_BYTES = 16 * 1024 * 1024;
/** A row group is read in so many runs at most, whatever it says of its size. */
const MAX_RUNS = 256;
/** More rows than this no group of sane size has. */
const MAX_ROWS = 2 ** 27;

const iso = (ms: number): string | null => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null);

/** Text stays bytes: it goes into a batch as it is. Times are ISO UTC with milliseconds, days are dates. */
const PARSERS: Partial<ParquetParsers> = {
  stringFromBytes: (bytes) => bytes,
  jsonFromBytes: (bytes) => bytes,
  timestampFromMilliseconds: (t) => iso(Number(t)),
  timestampFromMicroseconds: (t) => iso(Number(t / 1000n)),
  timestampFromNanoseconds: (t) => iso(Number(t / 1000000n)),
  dateFromDays: (days) => iso(days * 86400000)?.slice(0, 10),
  geometryFromBytes: (bytes) => bytes,
  geographyFromBytes: (bytes) => bytes,
};

export interface ParquetGroup {
  /** File byte of its first page. */
  readonly start: number;
  readonly firstRow: number;
  readonly rows: number;
  /** Unpacked bytes of its text column, or of all columns when there is none of that name. */
  readonly bytes: number;
}

/** Footer of a Parquet file. Throws when it is damaged. */
export async function parquetFooter(
  window: FileWindow,
  textField: string,
): Promise<{ metadata: FileMetaData; groups: readonly ParquetGroup[]; columns: readonly string[] }> {
  const metadata = await parquetMetadataAsync(bufferOver(window));
  let firstRow = 0;
  const groups = metadata.row_groups.map((group): ParquetGroup => {
    const starts = group.columns.map((c) =>
      Number(c.meta_data?.dictionary_page_offset || c.meta_data?.data_page_offset || 0),
    );
    const rows = Number(group.num_rows);
    firstRow += rows;
    const text = group.columns.find((c) => c.meta_data?.path_in_schema.join('.') === textField)?.meta_data
      ?.total_uncompressed_size;
    return {
      start: size(Math.min(...starts)),
      firstRow: firstRow - rows,
      rows,
      bytes: size(Number(text ?? group.total_byte_size)),
    };
  });
  if (firstRow !== Number(metadata.num_rows))
    throw new Error(`a footer of ${metadata.num_rows} rows with row groups of ${firstRow}`);
  return { metadata, groups, columns: parquetSchema(metadata).children.map((c) => c.element.name) };
}

/** A size or place in a footer that is none counts as 0. */
const size = (n: number): number => (Number.isSafeInteger(n) && n >= 0 ? n : 0);

/** hyparquet's view of a file. */
function bufferOver(window: FileWindow): AsyncBuffer {
  return {
    byteLength: window.size,
    slice: async (start, end = window.size) => (await window.copy(start, end - start)).buffer,
  };
}

/**
 * Reads row groups `range.start` to `range.end`; offset = row in the group. A damaged run of rows is one record set
 * aside.
 */
export async function* readParquet(
  file: PlannedFile,
  range: InputRange,
  window: FileWindow,
  context: ReadContext,
): AsyncGenerator<ReadEvent> {
  const records = new ValueRecords(file, context);
  const lost = (block: number, offset: number, bytes: number, cause: unknown, loss: Loss): ReadEvent =>
    records.aside(
      { block, offset },
      bytes,
      'undecodable',
      `expected Parquet data, got damage or an encoding that is not read: ${(cause as Error).message}`,
      new Uint8Array(0),
      loss,
    );
  let footer: Awaited<ReturnType<typeof parquetFooter>>;
  try {
    footer = await parquetFooter(window, context.options.textField);
  } catch (cause) {
    yield lost(0, 0, file.size, damageOnly(cause), estimatedLoss(file.size));
    return;
  }
  const { metadata, groups, columns } = footer;
  refuseOtherUnits(file, range, groups.length);
  const scan = await parquetScan({
    file: bufferOver(window),
    metadata,
    compressors: await pageCodecs(),
    parsers: PARSERS,
    useOffsetIndex: true,
  });
  for (const group of groups.slice(range.start, range.end)) {
    if (!(group.rows >= 0 && group.rows <= MAX_ROWS)) {
      const error = new Error(`a row group of ${group.rows} rows`);
      yield lost(group.start, 0, group.bytes, error, estimatedLoss(group.bytes));
      continue;
    }
    const runs = Math.min(MAX_RUNS, Math.max(1, Math.ceil(group.bytes / RUN_BYTES)));
    const each = Math.max(1, Math.ceil(group.rows / runs));
    for (let from = 0; from < group.rows; from += each) {
      const to = Math.min(group.rows, from + each);
      let values: ArrayLike<unknown>[];
      try {
        values = await Promise.all(
          columns.map((column) =>
            scan.readColumn({ column, rowStart: group.firstRow + from, rowEnd: group.firstRow + to }),
          ),
        );
        const short = values.findIndex((v) => v.length !== to - from);
        if (short >= 0)
          throw new Error(`${values[short].length} values of column ${columns[short]} for ${to - from} rows`);
      } catch (cause) {
        const bytes = Math.ceil((group.bytes * (to - from)) / group.rows);
        yield lost(group.start, from, bytes, damageOnly(cause), toldLoss(to - from));
        continue;
      }
      for (let i = 0; i < to - from; i++) {
        const record = columns.map((name, c) => [name, values[c][i]] as const);
        yield* records.push(record, { block: group.start, offset: from + i });
      }
    }
  }
}

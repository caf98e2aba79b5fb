import { RecordBatchStreamWriter } from 'apache-arrow';
import {
  Compression,
  EnabledStatistics,
  Encoding,
  Table as WasmTable,
  type WriterProperties,
  WriterPropertiesBuilder,
  wasmMemory,
  writeParquet,
} from 'parquet-wasm/node';
import * as z from 'zod';
import { InvariantError } from '../errors.ts';
import type { OutputPlace } from './output-file.ts';
import { FooterMerger, footerBytes, footerOf, PARQUET_MAGIC, parseFooter } from './parquet-footer.ts';
import { type GroupEncoder, groupedWriter, ROW_GROUP_LIMITS, type SegmentWriter } from './segment.ts';
import type { Joiner } from './shards.ts';
import { type TableBatch, tableToArrow } from './table.ts';

export const parquetOptions = z.strictObject({
  /** zstd at level 1, the encoder's only level; snappy is about twice as fast and a third larger. */
  compression: z.enum(['zstd', 'snappy', 'none']).default('zstd'),
  /** Columns to write, in that order; null = all. */
  columns: z.array(z.string()).min(1).nullable().default(null),
});

export type ParquetOptions = z.infer<typeof parquetOptions>;

/** Stands in every file; changes only when the bytes for equal rows change. */
export const PARQUET_CREATED_BY = 'sluice version 1';

/** Long or unique texts: a dictionary only costs time, and statistics would put parts of the text into the footer. */
const UNIQUE_TEXT = new Set(['text', 'metadata', 'excerpt']);

const codecs = { zstd: Compression.ZSTD, snappy: Compression.SNAPPY, none: Compression.UNCOMPRESSED };

/**
 * Writes Parquet: one row group at a time is encoded as a small file in memory by parquet-wasm, its bytes are appended, and the footers are
 * merged at the end, so that memory is bounded by a row group and bytes do not depend on batches.
 */
export function parquetWriter(place: OutputPlace, options: ParquetOptions): SegmentWriter {
  return groupedWriter(place, parquetEncoder(place.path, options), options.columns);
}

function parquetEncoder(path: string, { compression }: ParquetOptions): GroupEncoder {
  const footer = new FooterMerger(path);
  return {
    limits: ROW_GROUP_LIMITS,
    group(table, at) {
      const small = encodeParquet(table, compression);
      const parsed = footerOf(small, path);
      const [group, ...others] = parsed.groups;
      if (!group || others.length > 0 || group.rows !== table.rows) {
        throw new InvariantError({
          expected: `one row group of ${table.rows} rows`,
          came: `${parsed.groups.length} with ${group?.rows ?? 0}`,
          where: path,
        });
      }
      const magic = at === 0 ? [PARQUET_MAGIC] : [];
      footer.add(parsed, Math.max(at, PARQUET_MAGIC.length) - group.start);
      return [...magic, small.subarray(group.start, group.end)];
    },
    end: () => [footer.bytes()],
  };
}

/** A whole Parquet file of one row group, in memory. */
export function encodeParquet(table: TableBatch, compression: ParquetOptions['compression']): Uint8Array {
  const ipc = RecordBatchStreamWriter.writeAll([tableToArrow(table)]).toUint8Array(true);
  // Both objects are handed over and freed by `writeParquet`, also when it throws.
  return writeParquet(WasmTable.fromIPCStream(ipc), properties(table, compression));
}

function properties(table: TableBatch, compression: ParquetOptions['compression']): WriterProperties {
  let builder = new WriterPropertiesBuilder()
    .setCompression(codecs[compression])
    .setCreatedBy(PARQUET_CREATED_BY)
    .setStatisticsEnabled(EnabledStatistics.Chunk)
    .setMaxRowGroupSize(Math.max(1, table.rows));
  for (const [name, column] of table.columns) {
    if (UNIQUE_TEXT.has(name))
      builder = builder
        .setColumnDictionaryEnabled(name, false)
        .setColumnStatisticsEnabled(name, EnabledStatistics.None);
    else if (column.type === 'float64')
      builder = builder.setColumnDictionaryEnabled(name, false).setColumnEncoding(name, Encoding.PLAIN);
  }
  return builder.build();
}

/** Bytes of WebAssembly memory that the Parquet encoder of this thread holds; it never shrinks. */
export const parquetMemoryBytes = (): number => (wasmMemory() as { buffer: ArrayBuffer }).buffer.byteLength;

/** Joins Parquet files of one schema by copying their row groups and merging their footers. */
export function parquetJoiner(path: string): Joiner {
  const merger = new FooterMerger(path);
  return {
    async input(file, at) {
      const tail = 8;
      const length = footerBytes(await file.bytes(Math.max(0, file.size - tail), file.size), file.path);
      const footer = parseFooter(await file.bytes(file.size - tail - length, file.size - tail));
      const start = Math.min(...footer.groups.map((g) => g.start));
      const end = Math.max(...footer.groups.map((g) => g.end));
      const before = at === 0 ? [PARQUET_MAGIC] : [];
      merger.add(footer, Math.max(at, PARQUET_MAGIC.length) - start);
      return { before, start, end };
    },
    tail: () => [merger.bytes()],
  };
}

import type { Encoders } from '../../kernels/encoders.ts';
import { loadZstdModule } from '../../streams/codecs/zstd-module.ts';
import type { ParquetOptions } from '../options.ts';
import type { OutputPlace } from '../output-file.ts';
import {
  type GroupEncoder,
  type GroupLimits,
  groupedWriter,
  ROW_GROUP_LIMITS,
  type SegmentWriter,
} from '../segment.ts';
import type { Joiner } from '../shards.ts';
import type { TableBatch } from '../table.ts';
import { FooterMerger, footerBytes, PARQUET_MAGIC, type ParquetFooter, parseFooter } from './footer.ts';
import { type CompressPage, encodeChunk } from './pages.ts';
import { leavesOf, schemaElements } from './schema.ts';
import { THRIFT, type ThriftField, type ThriftStruct } from './thrift.ts';

/** Stands in every file; changes only when the bytes for equal rows change. */
export const PARQUET_CREATED_BY = 'sluice version 1';

/** Numbers of parquet.thrift. */
const CODECS = { none: 0, snappy: 1, zstd: 6 };

/**
 * Writes Parquet, one row group at a time, so that memory is bounded by a row group. Bytes depend on the rows alone:
 * pages are cut by bytes of values, dictionaries are chosen by the strings, statistics are exact. (Source: Apache
 * Parquet format, parquet.thrift 2.10; data pages v1, which every reader knows.)
 */
export async function parquetWriter(
  place: OutputPlace,
  options: ParquetOptions,
  encoders: Encoders,
  limits: GroupLimits = ROW_GROUP_LIMITS,
): Promise<SegmentWriter> {
  return groupedWriter(
    place,
    parquetEncoder(place.path, options.compression, await compressor(options, encoders), limits),
    options.columns,
  );
}

async function compressor({ compression, level }: ParquetOptions, { snappy }: Encoders): Promise<CompressPage> {
  if (compression === 'none') return null;
  if (compression === 'snappy') return (page) => snappy(page).slice();
  const { compress } = await loadZstdModule();
  return (page) => compress(page, level);
}

function parquetEncoder(
  path: string,
  compression: ParquetOptions['compression'],
  compress: CompressPage,
  limits: GroupLimits,
): GroupEncoder {
  const footer = new FooterMerger(path);
  return {
    limits,
    group(table, at) {
      const pieces: Uint8Array[] = at === 0 ? [PARQUET_MAGIC] : [];
      const start = at === 0 ? PARQUET_MAGIC.length : at;
      const chunks: ThriftStruct[] = [];
      let end = start;
      let uncompressed = 0;
      for (const leaf of leavesOf(table)) {
        const chunk = encodeChunk(leaf, table.rows, CODECS[compression], compress, end);
        pieces.push(...chunk.pieces);
        chunks.push(chunk.entry);
        end += chunk.bytes;
        uncompressed += chunk.uncompressed;
      }
      const entry = groupEntry(chunks, { rows: table.rows, start, bytes: end - start, uncompressed });
      footer.add({ frame: frameOf(table), groups: [{ start, end, rows: table.rows, entry }] }, 0);
      return pieces;
    },
    end: () => [footer.bytes()],
  };
}

interface GroupSizes {
  readonly rows: number;
  readonly start: number;
  readonly bytes: number;
  readonly uncompressed: number;
}

function groupEntry(chunks: readonly ThriftStruct[], { rows, start, bytes, uncompressed }: GroupSizes): ThriftStruct {
  const i64 = (id: number, value: number): ThriftField => ({ id, type: THRIFT.i64, value });
  const columns: ThriftField = { id: 1, type: THRIFT.list, value: { elementType: THRIFT.struct, values: chunks } };
  return [
    columns,
    i64(2, uncompressed),
    i64(3, rows),
    i64(5, start),
    i64(6, bytes),
    { id: 7, type: THRIFT.i16, value: 0 },
  ];
}

/** Footer fields that every row group shares: version, schema, created_by, and that bounds are ordered by type. */
function frameOf(table: TableBatch): ParquetFooter['frame'] {
  const order: ThriftStruct = [{ id: 1, type: THRIFT.struct, value: [] }];
  return [
    { id: 1, type: THRIFT.i32, value: 1 },
    { id: 2, type: THRIFT.list, value: { elementType: THRIFT.struct, values: schemaElements(table.columns) } },
    { id: 6, type: THRIFT.binary, value: Buffer.from(PARQUET_CREATED_BY) },
    {
      id: 7,
      type: THRIFT.list,
      value: { elementType: THRIFT.struct, values: leavesOf({ ...table, rows: 0 }).map(() => order) },
    },
  ];
}

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

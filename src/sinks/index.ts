/** What a run writes: sinks as data, and the writers of their segments and shards. */

export { type FileSystem, nodeFileSystem, type OpenFile } from '../files/file-system.ts';
export { nullColumn } from '../streams/batch/columns.ts';
export { arrow, jsonl, parquet } from './descriptors.ts';
export { documentColumns, documentSchema } from './documents.ts';
export { EXCERPT_BYTES, excerptColumn } from './excerpt.ts';
export { ledgerQuarantineRows, ledgerRows, ledgerSchema } from './ledger.ts';
export type { SinkDescriptor } from './options.ts';
export { type OutputPlace, publish, type SegmentFile } from './output-file.ts';
export { quarantineRows } from './quarantine.ts';
export { runReadme } from './readme.ts';
export type { SegmentWriter } from './segment.ts';
export { type PlannedShard, SHARD_BYTES } from './shards.ts';
export type { ListColumn, StructColumn, TableBatch, TableColumn } from './table.ts';
export {
  ledgerSink,
  openSegmentWriter,
  planShards,
  quarantineSink,
  type SegmentPlace,
  sinkExtension,
  writeShard,
} from './writers.ts';

/** PUBLIC: what a run writes documents to, as plain data for `sinks`. */
export { arrow, jsonl, parquet, tokens } from './descriptors.ts';
export type { SinkDescriptor } from './options.ts';

/** PUBLIC: what a run writes documents to, as plain data for `sinks`. */
export { arrow, jsonl, parquet, tokens } from './descriptors.ts';
export { type FeedClientOptions, feedClient } from './feed/client.ts';
export { type FeedServer, type FeedServerOptions, serveFeed } from './feed/server.ts';
export type { Asked, FeedFacts, FeedSequence, FeedSource, FeedStatus, FeedStep, Pulled } from './feed/source.ts';
export type { SinkDescriptor } from './options.ts';

/** PUBLIC: selection by rank. */
export { type BucketOptions, buckets } from './buckets.ts';
export { type ByPerplexityOptions, type ByRankOptions, byPerplexity, byRank, type SelectStep } from './by-rank.ts';
export type { Criterion } from './rank-decide.ts';
export { type StreamingOptions, streaming } from './streaming.ts';

/** PUBLIC: finding benchmarks in documents. */
export { decontaminate } from './decontaminate.ts';
export { type BenchmarkFields, DEFAULT_FIELDS } from './items.ts';

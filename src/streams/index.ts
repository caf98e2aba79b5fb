/** PUBLIC: batches of documents and the streams they come in. */
export { DOCUMENT_COLUMNS, DocumentBatch } from './batch.ts';
export { ByteBudget, type Lease, retain } from './budget.ts';
export { type Column, type ColumnSpec, type ColumnType, numberAt, stringAt, utf8Column } from './columns.ts';
export type { Counters } from './counters.ts';
export type { Json, Operator, OperatorContext, Scope, StepDescriptor } from './operator.ts';
export type { Comparison, CutSpans, QuarantinedRecord, Rule, Verdict } from './outcome.ts';
export { type ParallelOptions, parallel } from './parallel.ts';
export { type ReadDocumentsOptions, readDocuments } from './read-documents.ts';
export type { ReadOptions, ReadOptionsInput } from './read-options.ts';
export { pulled } from './source.ts';
export type { Split, SplitPlan } from './splits.ts';
export { toArrow } from './to-arrow.ts';

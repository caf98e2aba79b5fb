/** PUBLIC: batches of documents and the streams they come in. */
export { DOCUMENT_COLUMNS, DocumentBatch } from './batch/batch.ts';
export {
  type Column,
  type ColumnSpec,
  type ColumnType,
  float64Column,
  int32Column,
  numberAt,
  stringAt,
  utf8Column,
  validBitmap,
} from './batch/columns.ts';
export { type CreatedDocuments, withCreated } from './batch/created.ts';
export type { Comparison, CutSpans, QuarantinedRecord, Rule, Verdict } from './batch/outcome.ts';
export { toArrow } from './batch/to-arrow.ts';
export type { Counters } from './commits/counters.ts';
export { ByteBudget, type Lease, retain } from './flow/budget.ts';
export { type ParallelOptions, parallel } from './flow/parallel.ts';
export { pulled } from './flow/source.ts';
export { type ReadDocumentsOptions, readDocuments } from './inputs/read-documents.ts';
export type { ReadOptions, ReadOptionsInput } from './inputs/read-options.ts';
export {
  type Effects,
  type Json,
  type ModuleExport,
  type Operator,
  type OperatorContext,
  rowsInScope,
  type Scope,
  type Stage,
  type StepDescriptor,
} from './operator.ts';
export type { Split, SplitPlan } from './plan/splits.ts';

/** PUBLIC: what recipes are made of. `index.ts` adds running them, and streams of batches with apache-arrow. */
export type {
  Annotate,
  AnnotateOptions,
  AnnotatorContext,
  AnnotatorDescriptor,
  AnnotatorFactory,
  Description,
  DocumentView,
  DropOptions,
  OperatorFactory,
  OperatorSpec,
  Predicate,
  StageContext,
  StageFactory,
  StepOptions,
} from './operators/index.ts';
export {
  annotate,
  as,
  c4,
  codeRules,
  codeStatistics,
  custom,
  decontaminate,
  dedup,
  drop,
  fineweb,
  finewebRules,
  gopherQuality,
  gopherQualityRules,
  gopherRepetition,
  gopherRepetitionRules,
  judge,
  ngramPerplexity,
  operator,
  perplexity,
  rule,
  select,
  tableRules,
  textRules,
  textStatistics,
  withVerdict,
} from './operators/index.ts';
export { type Recipe, type RecipeInput, recipe } from './recipe/recipe.ts';
export type { SinkDescriptor } from './sinks/index.ts';
export { arrow, jsonl, parquet } from './sinks/index.ts';
export { type Reference, type ReferenceInput, reference } from './training/reference.ts';

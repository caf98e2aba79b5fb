/** PUBLIC: what recipes are made of. `index.ts` adds running them, and streams of batches with apache-arrow. */
export type {
  Annotate,
  AnnotateOptions,
  AnnotatorContext,
  AnnotatorDescriptor,
  AnnotatorFactory,
  AnnotatorSpec,
  Description,
  DocumentView,
  DropOptions,
  OperatorFactory,
  OperatorSpec,
  Predicate,
  RefineInput,
  RephraseInput,
  StageContext,
  StageFactory,
  StepOptions,
  SynthesizeInput,
} from './operators/index.ts';
export {
  annotate,
  annotator,
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
  partsRules,
  perplexity,
  refine,
  rephrase,
  rule,
  select,
  shadow,
  synthesize,
  tableRules,
  textParts,
  textRules,
  textStatistics,
  tokenize,
  withVerdict,
} from './operators/index.ts';
export { type Continual, type ContinualInput, continual } from './recipe/continual.ts';
export { type Recipe, type RecipeInput, recipe } from './recipe/recipe.ts';
export { arrow, jsonl, parquet, tokens } from './sinks/descriptors.ts';
export type { SinkDescriptor } from './sinks/options.ts';
export { type Reference, type ReferenceInput, reference } from './training/reference.ts';
export type { Schedule, SchedulePlace } from './training/schedules.ts';
export * as schedules from './training/schedules.ts';

/** PUBLIC API of Sluice. What is not here is internal. */
export { ConfigError, GuardError, InputError, InvariantError, SluiceError } from './errors.ts';
export type { RunJson } from './ledger/run-json.ts';
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
  tokenize,
  withVerdict,
} from './operators/index.ts';
export { type Recipe, type RecipeInput, recipe } from './recipe/recipe.ts';
export type { RunEvent } from './run/events.ts';
export { type FeedOptions, openFeed } from './run/feed/feed.ts';
export type { RunOptionsInput } from './run/options.ts';
export { run } from './run/run.ts';
export type {
  Asked,
  FeedFacts,
  FeedSequence,
  FeedServer,
  FeedSource,
  FeedStatus,
  FeedStep,
  Pulled,
  SinkDescriptor,
} from './sinks/index.ts';
export { arrow, feedClient, jsonl, parquet, serveFeed, tokens } from './sinks/index.ts';
export * from './streams/index.ts';
export { type Reference, type ReferenceInput, reference } from './training/reference.ts';
export { SLUICE_VERSION } from './version.ts';

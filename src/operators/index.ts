/** PUBLIC: operators on streams of documents. */
export { type AnnotateOptions, annotate, as } from './annotate.ts';
export {
  type Annotator,
  type AnnotatorDescription,
  type AnnotatorMaker,
  type AnnotatorSpec,
  annotator,
} from './annotator.ts';
export type { Annotate, AnnotatorContext, AnnotatorDescriptor, AnnotatorFactory } from './annotator-stage.ts';
export * from './annotators/index.ts';
export { type RephraseInput, rephrase } from './create/rephrase.ts';
export { type SynthesizeInput, synthesize } from './create/synthesize.ts';
export { custom, type DocumentView, type Predicate } from './custom.ts';
export * from './decontaminate/index.ts';
export * as dedup from './dedup/index.ts';
export { type DropOptions, drop, rule, shadow } from './drop.ts';
export { judge } from './drop-stage.ts';
export { type ExternalInput, external } from './external/external.ts';
export { type BadWordsOptions, badWords } from './lists/bad-words.ts';
export { type UrlFilterOptions, urlFilter } from './lists/url-filter.ts';
export {
  type Description,
  type OperatorFactory,
  type OperatorSpec,
  operator,
  type StepOptions,
} from './operator.ts';
export { type PerplexityInput, perplexity } from './perplexity/perplexity.ts';
export { type PiiOptions, pii } from './pii/pii.ts';
export * from './rewrite/index.ts';
export * from './rules/index.ts';
export * as select from './select/index.ts';
export type { StageContext, StageFactory } from './stage-context.ts';
export { type TokenizeOptions, tokenize } from './tokenize/tokenize.ts';
export { withVerdict } from './verdicts.ts';

/** PUBLIC: operators on streams of documents. */
export { annotate, type Annotate, type AnnotateOptions, type AnnotatorContext, type AnnotatorDescriptor, type AnnotatorFactory, as } from './annotate.ts';
export { custom, type DocumentView, type Predicate } from './custom.ts';
export * as dedup from './dedup/index.ts';
export { drop, type DropOptions, judge, rule } from './drop.ts';
export { sharedContext } from './shared-context.ts';
export { makeBarrier, makeStage } from './stages.ts';
export { withDecision, withVerdict } from './verdicts.ts';
export * from './annotators/index.ts';
export * from './rules/index.ts';

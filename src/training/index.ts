/** PUBLIC: training of small models. */
export { type Checkpoint, type Progress, readCheckpoint } from './checkpoint.ts';
export { type ComparisonEvent, type ComparisonOptions, compare } from './compare/comparison.ts';
export { type ComparisonPlan, planComparison } from './compare/plan.ts';
export type { ComparisonReport } from './compare/report.ts';
export type { ComparedRow } from './compare/rows.ts';
export { type ComparisonInput, type ComparisonSettings, comparisonSettings } from './compare/settings.ts';
export { type ClozeItem, readItems } from './forgetting/items.ts';
export {
  type ChoiceBits,
  choiceBits,
  type DocumentBits,
  documentBits,
  type HeldOutDocument,
} from './forgetting/measures.ts';
export {
  type DomainChange,
  type ForgettingInput,
  type ForgettingReport,
  type ItemChange,
  learnedAndForgotten,
  type ModelMeasures,
} from './forgetting/report.ts';
export { forgettingMarkdown } from './forgetting/report-markdown.ts';
export { forgettingSvg } from './forgetting/report-svg.ts';
export { type RevivalOptions, revivalSteps } from './forgetting/revival.ts';
export { continualPretrain, type LoopEvent, type LoopOptions, type StepEvent } from './loop.ts';
export {
  type BitsPerByte,
  type Evaluate,
  type HeldOut,
  type HeldOutText,
  measureBits,
  measureModel,
} from './measure.ts';
export { type Reference, type ReferenceInput, reference } from './reference.ts';
export type { Schedule, SchedulePlace } from './schedules.ts';
export * as schedules from './schedules.ts';
export type { PulledSteps, TrainingSequence, TrainingSource, TrainingStep } from './sequences.ts';
export {
  type GreedySoup,
  greedySoup,
  type Ingredient,
  interpolated,
  interpolationCurve,
  type Measure,
  type SoupStep,
  uniformSoup,
} from './soups.ts';
export { type TrainReferenceOptions, trainReference } from './train-reference.ts';
export type { Measurement, ReferenceJson, TrainingEvent } from './training-types.ts';
export { type Distillation, type DistillationOptions, distillation } from './transforms/distillation.ts';
export { type DropoutOptions, dropout } from './transforms/dropout.ts';
export { frozenHalf, type HalfFineTuningOptions, halfFineTuning } from './transforms/half-fine-tuning.ts';
export { labelSmoothing } from './transforms/label-smoothing.ts';
export { type LoraOptions, lora, loraFrom } from './transforms/lora.ts';
export { type SelfDistillationOptions, selfDistillation } from './transforms/self-distillation.ts';
export { openTeacher, type Teacher, type TeacherModel } from './transforms/teacher.ts';
export { keptTopLogits, type TopLogits, type TopLogitsSource } from './transforms/top-logits.ts';

/** PUBLIC: training of small models. */
export { type Checkpoint, type Progress, readCheckpoint } from './checkpoint.ts';
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
export { type TrainReferenceOptions, trainReference } from './train-reference.ts';
export type { Measurement, ReferenceJson, TrainingEvent } from './training-types.ts';

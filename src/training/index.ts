/** PUBLIC: training of small models. */
export { type Reference, type ReferenceInput, reference } from './reference.ts';
export { type TrainReferenceOptions, trainReference } from './train-reference.ts';
export type { Measurement, ReferenceJson, TrainingEvent } from './training-types.ts';

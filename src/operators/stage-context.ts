import type { Kernel } from '../kernels/kernel.ts';
import type { Stage, StepDescriptor } from '../streams/operator.ts';
import type { Services } from '../streams/services.ts';
import type { LoadAnnotator } from './annotator-stage.ts';

/** What a stage may use in its thread. */
export interface StageContext {
  readonly kernel: Kernel;
  /** Of the main thread; null where nobody can be asked. */
  readonly services: Services | null;
  readonly load: LoadAnnotator;
}

/** Makes a stage in a worker, once. Export one of these from a module of your own to add an operator. */
export type StageFactory = (descriptor: StepDescriptor, context: StageContext) => Stage | Promise<Stage>;

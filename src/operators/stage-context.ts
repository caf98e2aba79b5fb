import type { Kernel } from '../kernels/kernel.ts';
import type { Services } from '../streams/services.ts';
import type { LoadAnnotator } from './annotator-stage.ts';

/** What a stage may use in its thread. */
export interface StageContext {
  readonly kernel: Kernel;
  /** Of the main thread; null where nobody can be asked. */
  readonly services: Services | null;
  readonly load: LoadAnnotator;
}

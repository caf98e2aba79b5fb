import type { Kernel } from '../kernels/kernel.ts';
import type { Barrier } from '../streams/flow/barrier.ts';
import type { Stage, StepDescriptor } from '../streams/operator.ts';
import { loadExport } from './modules.ts';

/** Makes what runs a step in this thread; a `custom` step has no stage, its closure lives on the main thread. */
export async function makeStage(descriptor: StepDescriptor, kernel: Kernel): Promise<Stage> {
  const make = await loadExport<(d: StepDescriptor, k: Kernel) => Stage | Promise<Stage>>(
    descriptor.module,
    descriptor.export,
  );
  return make(descriptor, kernel);
}

export async function makeBarrier(descriptor: StepDescriptor, kernel: Kernel): Promise<Barrier> {
  const make = await loadExport<(d: StepDescriptor, k: Kernel) => Barrier | Promise<Barrier>>(
    descriptor.module,
    descriptor.export,
  );
  return make(descriptor, kernel);
}

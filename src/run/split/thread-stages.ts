import { type Kernel, loadKernel } from '../../kernels/kernel.ts';
import { makeStage } from '../../operators/stages.ts';
import type { Stage, StepDescriptor } from '../../streams/operator.ts';
import type { Services } from '../../streams/services.ts';
import type { NamedStage } from '../../streams/split/run-split.ts';

const made = new Map<string, Promise<Stage>>();
/** Of the stages, once an error has thrown away the first. */
let freshKernel: Promise<Kernel> | null = null;

/** The stages of steps in this thread, each made once for all splits. */
export async function threadStages(
  steps: readonly StepDescriptor[],
  kernel: Kernel,
  services: Services,
): Promise<NamedStage[]> {
  return Promise.all(
    steps.map(async (descriptor) => {
      const again = () => stageOf(descriptor, kernel, services);
      await again();
      return { step: descriptor.step, stage: { apply: async (batch) => healed(await again(), batch) } };
    }),
  );
}

function stageOf(descriptor: StepDescriptor, kernel: Kernel, services: Services): Promise<Stage> {
  const key = JSON.stringify(descriptor);
  const known = made.get(key);
  if (known) return known;
  const stage = (freshKernel ?? Promise.resolve(kernel)).then((k) => makeStage(descriptor, k, services));
  made.set(key, stage);
  return stage;
}

/** A trap leaves the memory of the kernel as it was in the middle of its work: the stages are made again. */
async function healed(stage: Stage, batch: Parameters<Stage['apply']>[0]) {
  try {
    return await stage.apply(batch);
  } catch (error) {
    if ((error as Error)?.name === 'RuntimeError') {
      made.clear();
      freshKernel = loadKernel();
    }
    throw error;
  }
}

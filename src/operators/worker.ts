import { loadKernel } from '../kernels/kernel.ts';
import { DocumentBatch } from '../streams/batch/batch.ts';
import type { Stage } from '../streams/operator.ts';
import type { StageResult, StageTask } from './shared-context.ts';
import { makeStage } from './stages.ts';

const kernel = loadKernel();
const stages = new Map<string, Promise<Stage>>();

/**
 * Worker entry of the shared pool: one stage on one batch. Returns only what is new, so that no text is copied back
 * unchanged.
 */
export default async function applyStage({ descriptor, parts }: StageTask): Promise<StageResult> {
  const key = JSON.stringify(descriptor);
  let stage = stages.get(key);
  if (!stage) {
    stage = kernel.then((k) => makeStage(descriptor, k));
    stages.set(key, stage);
  }
  const before = new DocumentBatch(parts);
  const { columns, originalText, ...rest } = (await (await stage).apply(before)).parts();
  const changed = new Map([...columns].filter(([name, column]) => before.columns.get(name) !== column));
  return originalText === before.parts().originalText
    ? { columns: changed, ...rest }
    : { columns: changed, originalText, ...rest };
}

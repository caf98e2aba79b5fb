import { loadKernel } from '../kernels/kernel.ts';
import { type BatchParts, DocumentBatch } from '../streams/batch.ts';
import type { Stage } from '../streams/operator.ts';
import type { StageTask } from './shared-context.ts';
import { makeStage } from './stages.ts';

const kernel = loadKernel();
const stages = new Map<string, Promise<Stage>>();

/** Worker entry of the shared pool: one stage on one batch. */
export default async function applyStage({ descriptor, parts }: StageTask): Promise<BatchParts> {
  const key = JSON.stringify(descriptor);
  let stage = stages.get(key);
  if (!stage) {
    stage = kernel.then((k) => makeStage(descriptor, k));
    stages.set(key, stage);
  }
  const batch = await (await stage).apply(new DocumentBatch(parts));
  const { rows, columns, split, sequence, alive, verdicts, originalText, cuts, textVersion, stale } = batch;
  return {
    rows,
    columns,
    split,
    sequence,
    alive,
    verdicts,
    textVersion,
    stale,
    originalText: originalText ?? undefined,
    cuts: cuts ?? undefined,
  };
}

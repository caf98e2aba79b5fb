import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unpublished } from '../../files/publish.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import { makeBarrier } from '../../operators/stages.ts';
import type { CommittedFile } from '../../streams/commits/log.ts';
import { type BarrierOutputs, writeDecision } from '../../streams/flow/barrier.ts';
import { removesCopies } from '../../streams/operator.ts';
import { LargestCluster } from '../clusters.ts';
import { barrierPaths, INDEX_FOLDER } from '../directory/layout.ts';
import type { DecideTask, TaskResult } from './tasks.ts';

/** Lets a barrier decide over what pass 1 left, and writes one decision file a split. */
export async function decide(task: DecideTask, kernel: Kernel): Promise<TaskResult> {
  const barrier = await makeBarrier(task.barrier, kernel);
  const splits = task.splits.map((split) => {
    const { spill, keys } = barrierPaths(task.barrier.step, split);
    return { split, spill: join(task.runDirectory, spill), keys: join(task.runDirectory, keys) };
  });
  const files: CommittedFile[] = [];
  const clusters = removesCopies(task.barrier) ? new LargestCluster() : null;
  const outputs: BarrierOutputs = { folder: join(task.runDirectory, INDEX_FOLDER), names: [] };
  for await (const decision of barrier.decide(splits, task.memoryBytes, outputs)) {
    const path = barrierPaths(task.barrier.step, decision.split).decision;
    await writeDecision(unpublished(join(task.runDirectory, path)), decision);
    clusters?.add(decision.duplicateOf);
    files.push({ sink: 'work', path, rows: decision.keep.length, bytes: 0, textBytes: 0, xxh64: '' });
  }
  for (const name of outputs.names) {
    const { size } = await stat(unpublished(join(outputs.folder, name)));
    const path = `${INDEX_FOLDER}/${name}`;
    files.push({ sink: INDEX_FOLDER, path, rows: 0, bytes: size, textBytes: 0, xxh64: '' });
  }
  const written = task.splits.map((s) =>
    unpublished(join(task.runDirectory, barrierPaths(task.barrier.step, s).decision)),
  );
  return { files, counters: null, cluster: (await clusters?.largest(splits, written)) ?? null };
}

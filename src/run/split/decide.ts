import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unpublished } from '../../files/publish.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import { makeBarrier } from '../../operators/stages.ts';
import type { CommittedFile } from '../../streams/commits/log.ts';
import { type BarrierOutputs, type BarrierSplit, readDecision, writeDecision } from '../../streams/flow/barrier.ts';
import { partOf, readPart, writeDecisions } from '../../streams/flow/parted.ts';
import { removesCopies } from '../../streams/operator.ts';
import { LargestCluster } from '../clusters.ts';
import { barrierPaths, INDEX_FOLDER } from '../directory/layout.ts';
import { takenDecisions } from '../recut/taken-decisions.ts';
import type { DecidePartTask, DecideTask, TaskResult } from './tasks.ts';

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
  const decisions = task.taken
    ? takenDecisions(task.barrier, splits, task.taken)
    : barrier.decide(splits, task.memoryBytes, outputs);
  for await (const decision of decisions) {
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
  // Of all splits, those that are not worked on any more too.
  if (task.taken) return { files, counters: null, cluster: task.taken.cluster };
  const written = task.splits.map((s) =>
    unpublished(join(task.runDirectory, barrierPaths(task.barrier.step, s).decision)),
  );
  const read = async (i: number) => ({ decision: await readDecision(written[i], splits[i].split), rows: null });
  return { files, counters: null, cluster: (await clusters?.largest(splits, read)) ?? null };
}

/** The file of all decisions of a part, beside its index. */
export const DECISIONS = 'decisions';
export const DECISION_INDEX = 'decisions.index';

/** Lets a barrier decide over one part of what many nodes left, or over all of it. */
export async function decidePart(task: DecidePartTask, kernel: Kernel): Promise<TaskResult> {
  const { runDirectory, part } = task;
  const barrier = await makeBarrier(task.barrier, kernel);
  const own: BarrierSplit[] = [];
  for (const split of task.splits) {
    const scratch = join(runDirectory, 'work', `split-${split.split}`);
    own.push({ ...(part === null ? split : await partOf(split, part)), scratch });
  }
  const clusters = removesCopies(task.barrier) ? new LargestCluster() : null;
  const outputs: BarrierOutputs = { folder: join(runDirectory, INDEX_FOLDER), names: [] };
  const path = unpublished(join(runDirectory, DECISIONS));
  const index = unpublished(join(runDirectory, DECISION_INDEX));
  const decisions =
    part !== null && barrier.scattered
      ? barrier.scattered.find(own, task.memoryBytes)
      : barrier.decide(own, task.memoryBytes, outputs);
  const { bytes, indexBytes } = await writeDecisions(path, index, own, decisions, part !== null, (d) =>
    clusters?.add(d.duplicateOf),
  );
  const rest = { rows: 0, textBytes: 0, xxh64: '' };
  const files: CommittedFile[] = [
    { ...rest, sink: 'work', path: DECISIONS, bytes },
    { ...rest, sink: 'work', path: DECISION_INDEX, bytes: indexBytes },
  ];
  for (const name of outputs.names) {
    const { size } = await stat(unpublished(join(outputs.folder, name)));
    files.push({ ...rest, sink: INDEX_FOLDER, path: `${INDEX_FOLDER}/${name}`, bytes: size });
  }
  const read = (i: number) => readPart(path, index, i, own[i].split);
  return { files, counters: null, cluster: (await clusters?.largest(own, read)) ?? null };
}

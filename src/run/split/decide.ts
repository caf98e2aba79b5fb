import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unpublished } from '../../files/publish.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import { makeBarrier } from '../../operators/stages.ts';
import type { CommittedFile } from '../../streams/commits/log.ts';
import {
  type BarrierOutputs,
  type BarrierSplit,
  type Round,
  type RoundWork,
  readDecision,
  writeDecision,
} from '../../streams/flow/barrier.ts';
import { decisionsOf, partOf, readPart, writeDecisions } from '../../streams/flow/parted.ts';
import { readSent, type SentFile, SentWriter } from '../../streams/flow/rounds.ts';
import { removesCopies } from '../../streams/operator.ts';
import { LargestCluster } from '../clusters.ts';
import { barrierPaths, INDEX_FOLDER } from '../directory/layout.ts';
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
    ? (await import('../recut/taken-decisions.ts')).takenDecisions(task.barrier, splits, task.taken)
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

/** The file of all decisions of a part, or of what it has sent, beside its index. */
const DECISIONS = 'decisions';
const SENT = 'sent';
/** Share of the memory for rows that wait to be sent. */
const WAITING = 1 / 4;

/** Lets a barrier decide over one part of what many nodes left, or over all of it, or do one round of that. */
export async function decidePart(task: DecidePartTask, kernel: Kernel): Promise<TaskResult> {
  const { runDirectory, part, parts, round, memoryBytes } = task;
  const barrier = await makeBarrier(task.barrier, kernel);
  const splits: BarrierSplit[] = [];
  for (const split of task.splits) {
    const scratch = join(runDirectory, 'work', `split-${split.split}`);
    splits.push({ ...(part === null ? split : await partOf(split, part)), scratch });
  }
  const received = () => readSent(task.received, (part ?? 0) % task.receivesOf, task.receivesOf);
  const work = { part: part ?? 0, parts, memoryBytes, scratch: join(runDirectory, 'work', 'task'), splits, received };
  if (task.onlyTexts) {
    const read = await barrier.textsRead!(work);
    return { files: [], counters: null, texts: read };
  }
  const at = (name: string) => unpublished(join(runDirectory, name));
  if (round !== null) {
    const { bytes, indexBytes } = await sendOf(barrier.rounds!.before[round], work, task.sendsTo, {
      path: at(SENT),
      index: at(`${SENT}.index`),
    });
    return { files: pairOf(SENT, bytes, indexBytes), counters: null };
  }
  const clusters = removesCopies(task.barrier) ? new LargestCluster() : null;
  const outputs: BarrierOutputs = { folder: join(runDirectory, INDEX_FOLDER), names: [] };
  const [path, index] = [at(DECISIONS), at(`${DECISIONS}.index`)];
  const decisions = part === null ? barrier.decide(splits, memoryBytes, outputs) : decisionsOf(barrier, work, outputs);
  const { bytes, indexBytes } = await writeDecisions(path, index, splits, decisions, part !== null, (d) =>
    clusters?.add(d.duplicateOf),
  );
  const files = pairOf(DECISIONS, bytes, indexBytes);
  for (const name of outputs.names) {
    const { size } = await stat(unpublished(join(outputs.folder, name)));
    files.push({ ...REST, sink: INDEX_FOLDER, path: `${INDEX_FOLDER}/${name}`, bytes: size });
  }
  const read = (i: number) => readPart(path, index, i, splits[i].split);
  return { files, counters: null, found: (await clusters?.found(splits, read)) ?? null };
}

const REST = { rows: 0, textBytes: 0, xxh64: '' };

const pairOf = (name: string, bytes: number, indexBytes: number): CommittedFile[] => [
  { ...REST, sink: 'work', path: name, bytes },
  { ...REST, sink: 'work', path: `${name}.index`, bytes: indexBytes },
];

async function sendOf(round: Round, work: RoundWork, sendsTo: number, to: SentFile) {
  const writer = await SentWriter.open(to, sendsTo, work.memoryBytes * WAITING);
  try {
    await round.run({ ...work, memoryBytes: work.memoryBytes * (1 - WAITING) }, writer.send);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return writer.finish();
}

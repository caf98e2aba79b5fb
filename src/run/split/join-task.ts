import { writeShard } from '../../sinks/writers.ts';
import type { JoinTask, TaskResult } from './tasks.ts';

/** Writes one shard as a `.tmp` file in a worker. */
export async function joinShard(task: JoinTask): Promise<TaskResult> {
  const file = await writeShard(task.sink, { runDirectory: task.runDirectory, path: task.path, inputs: task.inputs });
  return { files: [{ sink: task.sinkName, ...file }], counters: null };
}

import { writeShard } from '../../sinks/writers.ts';
import type { JoinTask, TaskResult } from './tasks.ts';

/** Writes one shard as a `.tmp` file in a worker. */
export async function joinShard(task: JoinTask): Promise<TaskResult> {
  const { sink, runDirectory, path, inputs, blind } = task;
  const file = await writeShard(sink, { runDirectory, path, inputs, blind });
  return { files: [{ sink: task.sinkName, ...file }], counters: null };
}

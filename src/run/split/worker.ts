import { parentPort } from 'node:worker_threads';
import { runTask, type ThreadTask } from './run-task.ts';
import type { TaskError, TaskResult } from './tasks.ts';

/** Worker entry of a run. */
export default (task: ThreadTask): Promise<TaskResult | TaskError> =>
  runTask(task, (progress) => parentPort?.postMessage({ progress }));

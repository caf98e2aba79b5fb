import { systemError } from '../../files/system-error.ts';
import { loadKernel } from '../../kernels/kernel.ts';
import type { Services } from '../../streams/services.ts';
import { errorData } from '../../thread-errors.ts';
import { servicesOver } from '../services/ask.ts';
import { decide, decidePart } from './decide.ts';
import { joinShard } from './join-task.ts';
import { probeBatch, runSplitTask } from './split-task.ts';
import type {
  DecidePartTask,
  DecideTask,
  JoinTask,
  ProbeTask,
  SplitProgress,
  TaskError,
  TaskResult,
  WatchedTask,
} from './tasks.ts';

const kernel = loadKernel();
/** Of the task in work. Stages outlive a task, and ask for the next one over another port. */
let asked: Services | null = null;
const services: Services = { call: (...question) => asked!.call(...question) };

export type ThreadTask = WatchedTask | ProbeTask | DecideTask | DecidePartTask | JoinTask;

/**
 * Does a task of a run in the thread that calls, one at a time. Errors come back as data: their class and parts would
 * not survive a thread.
 */
export async function runTask(
  task: ThreadTask,
  onProgress: (progress: SplitProgress) => void,
): Promise<TaskResult | TaskError> {
  try {
    switch (task.kind) {
      case 'split':
        return await splitTask(task, onProgress);
      case 'decide':
        return await decide(task, await kernel);
      case 'decide-part':
        return await decidePart(task, await kernel);
      case 'join':
        return await joinShard(task);
    }
  } catch (error) {
    return { error: errorData(systemError(error)) };
  }
}

async function splitTask(
  task: WatchedTask | ProbeTask,
  onProgress: (progress: SplitProgress) => void,
): Promise<TaskResult> {
  asked = task.services && servicesOver(task.services);
  try {
    if ('probe' in task) return await probeBatch(task, await kernel, services);
    return await runSplitTask(task, await kernel, services, onProgress);
  } finally {
    task.services?.close();
  }
}

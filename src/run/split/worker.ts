import { parentPort } from 'node:worker_threads';
import { SluiceError } from '../../errors.ts';
import { systemError } from '../../files/system-error.ts';
import { loadKernel } from '../../kernels/kernel.ts';
import { decide } from './decide.ts';
import { joinShard } from './join-task.ts';
import type { TaskError } from './split-pool.ts';
import { probeBatch, runSplitTask } from './split-task.ts';
import type { DecideTask, JoinTask, ProbeTask, TaskResult, WatchedTask } from './tasks.ts';

const kernel = loadKernel();

/** Worker entry of a run. Errors come back as data: their class and parts would not survive the thread. */
export default async function runTask(
  task: WatchedTask | ProbeTask | DecideTask | JoinTask,
): Promise<TaskResult | TaskError> {
  try {
    switch (task.kind) {
      case 'split':
        return 'probe' in task
          ? await probeBatch(task, await kernel)
          : await runSplitTask(task, await kernel, (progress) => parentPort?.postMessage({ progress }));
      case 'decide':
        return await decide(task, await kernel);
      case 'join':
        return await joinShard(task);
    }
  } catch (error) {
    const e = systemError(error) as Error;
    const parts = e instanceof SluiceError ? { ...e.parts, cause: undefined } : undefined;
    return {
      error: {
        code: e instanceof SluiceError ? e.code : 'unexpected',
        name: e.name,
        message: e.message,
        stack: e.stack,
        parts,
      },
    };
  }
}

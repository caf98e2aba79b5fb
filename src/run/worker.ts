import { parentPort } from 'node:worker_threads';
import { InputError, SluiceError } from '../errors.ts';
import { loadKernel } from '../kernels/kernel.ts';
import { decide } from './decide.ts';
import type { TaskError } from './executor.ts';
import { joinShard } from './join-task.ts';
import type { LimitedTask } from './source.ts';
import { runSplitTask } from './split-task.ts';
import type { DecideTask, JoinTask, TaskResult } from './types.ts';

const kernel = loadKernel();

/** Worker entry of a run. Errors come back as data: their class and parts would not survive the thread. */
export default async function runTask(task: LimitedTask | DecideTask | JoinTask): Promise<TaskResult | TaskError> {
  try {
    switch (task.kind) {
      case 'split':
        return await runSplitTask(task, await kernel, (progress) => parentPort?.postMessage({ progress }));
      case 'decide':
        return await decide(task, await kernel);
      case 'join':
        return await joinShard(task);
    }
  } catch (error) {
    const e = knownError(error as NodeJS.ErrnoException);
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

/** A full or broken disk is no fault of ours, wherever it shows. */
function knownError(error: NodeJS.ErrnoException): Error {
  if (error instanceof SluiceError || error.syscall === undefined || error.code === undefined) return error;
  return new InputError({
    expected: `${error.syscall} to work`,
    came: error.message,
    where: error.path,
    todo: 'Mend that and run the same command again: what is committed stays.',
  });
}

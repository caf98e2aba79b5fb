import type { Piscina } from 'piscina';
import { InvariantError, SluiceError } from '../errors.ts';
import type { Recipe } from '../recipe.ts';
import { ByteBudget } from '../streams/budget.ts';
import { workerPool } from '../streams/pool.ts';
import type { RunOptions } from './options.ts';
import { runSplitHere } from './split-stream.ts';
import type { SplitProgress, SplitTask, Task, TaskResult } from './types.ts';

/** Buffers of one split in work, measured: batch, kernel memory, one open row group per sink, its encoder. */
const SPLIT_BYTES = 96 * 1024 * 1024;

/** Runs tasks in worker threads under the byte budget. */
export interface Executor {
  split(task: SplitTask, limit: number | null): Promise<TaskResult>;
  task(task: Task): Promise<TaskResult>;
  close(): Promise<void>;
}

/** An error that crossed a thread: classes do not survive, so it comes as data. */
export interface TaskError {
  readonly error: {
    readonly code: string;
    readonly name: string;
    readonly message: string;
    readonly stack?: string;
    readonly parts?: SluiceError['parts'];
  };
}

export async function openExecutor(
  recipe: Recipe,
  options: RunOptions,
  signal: AbortSignal,
  onProgress: (p: SplitProgress) => void,
): Promise<Executor> {
  const budget = new ByteBudget(options.memory, { stallMs: 0 });
  const pool: Piscina = workerPool(new URL('./worker', import.meta.url), { workers: options.workers });
  pool.on('message', (message: { readonly progress?: SplitProgress }) => {
    if (message.progress) onProgress(message.progress);
  });
  const closures = recipe.steps.some((s) => s.descriptor.kind === 'custom');
  const inPool = async (task: Task, extra: object = {}): Promise<TaskResult> => {
    const result = (await pool.run({ ...task, ...extra }, { signal })) as TaskResult | TaskError;
    if ('error' in result) throw errorFrom(result);
    return result;
  };
  return {
    async split(task, limit) {
      const lease = await budget.acquire(SPLIT_BYTES, `split ${task.split.index}`, signal);
      try {
        const extra = { limit, samplePercent: options.samplePercent };
        if (closures && task.phase.steps.some((s) => s.kind === 'custom')) {
          return await runSplitHere({ ...task, ...extra }, recipe.steps, signal, onProgress);
        }
        return await inPool(task, extra);
      } finally {
        lease.release();
      }
    },
    task: (task) => inPool(task),
    close: () => pool.destroy(),
  };
}

function errorFrom({ error }: TaskError): Error {
  if (error.parts) {
    const rebuilt = new SluiceError(error.code, error.parts);
    rebuilt.name = error.name;
    return rebuilt;
  }
  const wrapped = new InvariantError({
    expected: 'a task to finish',
    came: `${error.name}: ${error.message}`,
    todo: 'Please report this with the recipe.',
  });
  wrapped.stack = error.stack ?? wrapped.stack;
  return wrapped;
}

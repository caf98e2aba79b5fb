import { InputError, InvariantError, SluiceError } from '../errors.ts';
import type { Recipe } from '../recipe.ts';
import { ByteBudget } from '../streams/budget.ts';
import { workerPool } from '../streams/pool.ts';
import type { RunOptions } from './options.ts';
import { runSplitHere } from './split-stream.ts';
import type { SplitProgress, SplitTask, Task, TaskResult } from './types.ts';

/** Buffers of one split in work, measured: batch, kernel memory, one open row group per sink, its encoder. */
const SPLIT_BYTES = 96 * 1024 * 1024;
/** A document that is a file of its own may be larger than a batch: its text, copies of it and kernel tables for each byte more, measured. */
const BYTES_PER_LARGE_BYTE = 12;
const LARGE_DOCUMENT = 2 * 1024 * 1024;
/** So often a task is tried again on a fresh thread when its thread died. */
const RETRIES = 2;

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

/** A task whose thread died, and will be tried again. */
export interface Retry {
  readonly task: string;
  readonly cause: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly attempts: number;
}

export interface ExecutorEvents {
  readonly progress: (p: SplitProgress) => void;
  readonly retry: (r: Retry) => void;
}

export async function openExecutor(
  recipe: Recipe,
  options: RunOptions,
  hard: AbortSignal,
  on: ExecutorEvents,
): Promise<Executor> {
  const budget = new ByteBudget(options.memory, { stallMs: 0 });
  const closing = new AbortController();
  const signal = AbortSignal.any([hard, closing.signal]);
  const inWork = new Set<Promise<unknown>>();
  const openPool = () => {
    const opened = workerPool(new URL('./worker', import.meta.url), { workers: options.workers });
    opened.on('message', (message: { readonly progress?: SplitProgress }) => {
      if (message.progress) on.progress(message.progress);
    });
    // A thread that died between two tasks: another takes its place, and nothing was lost.
    opened.on('error', () => {});
    return opened;
  };
  let pool = openPool();
  const inPool = async (task: Task, extra: object = {}): Promise<TaskResult> => {
    for (let attempt = 1; ; attempt++) {
      let result: TaskResult | TaskError;
      try {
        result = (await pool.run({ ...task, ...extra }, { signal })) as TaskResult | TaskError;
      } catch (error) {
        const cause = signal.aborted ? null : deathOf(error);
        if (cause === null) throw error;
        if (attempt > RETRIES) throw diedAgain(task, cause, attempt);
        on.retry({ task: nameOf(task), cause, attempt, attempts: RETRIES });
        // A thread that dies while it starts is not replaced.
        if (pool.threads.length === 0) {
          await pool.destroy();
          pool = openPool();
        }
        continue;
      }
      if ('error' in result) throw errorFrom(result);
      return result;
    }
  };
  const closures = recipe.steps.some((s) => s.descriptor.kind === 'custom');
  const split = async (task: SplitTask, limit: number | null): Promise<TaskResult> => {
    const lease = await budget.acquire(bytesOf(task), `split ${task.split.index}`, signal);
    try {
      const extra = { limit, samplePercent: options.samplePercent };
      if (closures && task.phase.steps.some((s) => s.kind === 'custom')) {
        return await runSplitHere({ ...task, ...extra }, recipe.steps, signal, on.progress);
      }
      return await inPool(task, extra);
    } finally {
      lease.release();
    }
  };
  const watched = (work: Promise<TaskResult>): Promise<TaskResult> => {
    inWork.add(work);
    const done = (): boolean => inWork.delete(work);
    work.then(done, done);
    return work;
  };
  return {
    split: (task, limit) => watched(split(task, limit)),
    task: (task) => watched(inPool(task)),
    async close() {
      closing.abort(new Error('the run has ended'));
      await pool.destroy();
      await Promise.allSettled(inWork);
    },
  };
}

/** Bytes that a split takes while it is worked on. */
function bytesOf({ split, files, read }: SplitTask): number {
  const texts = split.ranges
    .map((r) => files[r.file])
    .filter((f) => f.format === 'text' && f.size <= read.maxLineBytes);
  const largest = texts.reduce((most, f) => Math.max(most, f.size), 0);
  return SPLIT_BYTES + BYTES_PER_LARGE_BYTE * Math.max(0, largest - LARGE_DOCUMENT);
}

/** What a task is called in messages: the split with its files, the barrier, the shard. */
function nameOf(task: Task): string {
  if (task.kind === 'decide') return `the decision of ${task.barrier.step}`;
  if (task.kind === 'join') return task.path;
  const [first, ...others] = task.files;
  const more = others.length === 0 ? '' : ` and ${others.length} more file${others.length === 1 ? '' : 's'}`;
  return `split ${task.split.index} (${first.path}${more})`;
}

/** Why a thread ended before its task did; null when that is no reason. Tasks return their errors, so what is thrown comes from outside. */
function deathOf(error: unknown): string | null {
  const { code, name, message } = error as NodeJS.ErrnoException;
  if (name === 'AbortError' || name === 'DataCloneError') return null;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return 'it ran out of memory';
  const exit = /^worker exited with code: (.*)$/.exec(message);
  return exit ? `it exited with code ${exit[1]}` : `${name}: ${message}`;
}

function diedAgain(task: Task, cause: string, attempts: number): InputError {
  return new InputError({
    expected: 'a worker thread to finish its task',
    came: `a thread that died ${attempts} times: ${cause}`,
    where: nameOf(task),
    todo: cause.includes('memory')
      ? 'A document there may be very large: lower --max-line, or make splits smaller with `splitBytes` in the recipe. What is committed stays.'
      : 'Look at the steps that run code of your own: process.exit() ends the thread. What is committed stays.',
  });
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

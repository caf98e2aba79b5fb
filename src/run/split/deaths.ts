import { InputError, SluiceError } from '../../errors.ts';
import type { FailedRow, FailureReason } from '../../streams/split/isolate.ts';
import type { SplitTask, Task } from './tasks.ts';

/** So many documents of one split may cost a thread its life: each takes as long as the time-out. */
export const MAX_DEATHS = 20;

/** Why a thread ended before its task did. */
export interface Death {
  readonly reason: Exclude<FailureReason, 'step_failed'>;
  /** For people. */
  readonly cause: string;
}

/** A task whose thread died, and where it was. */
export interface Died {
  readonly death: Death;
  readonly at: { readonly batch: number; readonly row: number; readonly step: number };
}

/** What a task is called in messages: the split with its files, the barrier, the shard. */
export function nameOf(task: Task): string {
  switch (task.kind) {
    case 'decide':
      return `the decision of ${task.barrier.step}`;
    case 'join':
      return task.path;
    case 'split': {
      const [first, ...others] = task.files;
      const more = others.length === 0 ? '' : ` and ${others.length} more file${others.length === 1 ? '' : 's'}`;
      return `split ${task.split.index} (${first.path}${more})`;
    }
  }
}

/**
 * What an error says of the death of a thread; null when that is no reason. Tasks return their errors, so what is
 * thrown comes from outside.
 */
export function deathOf(error: unknown): Death | null {
  const { code, name, message } = error as NodeJS.ErrnoException;
  if (name === 'AbortError' || name === 'DataCloneError') return null;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return { reason: 'out_of_memory', cause: 'it ran out of memory' };
  const exit = /^worker exited with code: (.*)$/.exec(message);
  return { reason: 'crash', cause: exit ? `it exited with code ${exit[1]}` : `${name}: ${message}` };
}

/** The document on which a thread died when it had nothing else to do. */
export function deadRow(task: SplitTask, { death, at }: Died): FailedRow & { readonly batch: number } {
  const step = task.phase.steps[Math.max(0, at.step)].step;
  return { batch: at.batch, row: at.row, reason: death.reason, step, detail: `step ${step}: ${death.cause}` };
}

export function diedAgain(task: Task, { cause, reason }: Death, attempts: number): InputError {
  const fix = {
    timeout: 'Check the steps that run your own code, and the disk. --timeout allows more time.',
    out_of_memory:
      'A document there may be very large. Lower --max-line, or make splits smaller with `splitBytes` in the recipe.',
    crash: 'Check the steps that run your own code: process.exit() ends the thread.',
  };
  return new InputError({
    expected: 'a worker thread to finish its task',
    got: `a thread that died ${attempts} times: ${cause}`,
    where: nameOf(task),
    fix: `${fix[reason]} Committed work is kept.`,
  });
}

export const tooManyDeaths = (task: SplitTask, last: FailedRow): SluiceError =>
  new SluiceError('guard', {
    expected: `at most ${MAX_DEATHS} documents per split that crash a worker thread`,
    got: `more; the last: ${last.detail}`,
    where: nameOf(task),
    fix:
      'Fix the step, allow it more time with --timeout, or give it less text with --max-line. To ' +
      'quarantine these documents and go on, give the same command again with --allow-quarantine.',
  });

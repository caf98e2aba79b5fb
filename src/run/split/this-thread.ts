import type { Recipe } from '../../recipe/recipe.ts';
import { isAlone } from '../../streams/flow/alone.ts';
import { FORMATS } from '../../streams/formats/table.ts';
import { asksServices } from '../../streams/operator.ts';
import type { PlannedFile, SplitPlan } from '../../streams/plan/splits.ts';
import type { ThreadTask } from './run-task.ts';
import type { SplitProgress, TaskError, TaskResult } from './tasks.ts';

/** To start a thread takes as long as this much text in it. */
const SMALL_BYTES = 1_000_000;

/** Whether its size on the disk says how much text it has: a small packed file may hold any amount. */
const isPlain = ({ format, codec }: PlannedFile): boolean =>
  codec === 'none' && (FORMATS[format].ranges === 'lines' || format === 'text');

/**
 * Whether a run is so small that it is done sooner in the thread of the process: one split of little text, and no step
 * that runs code of the user or a model. Only on the command line: in a program nothing may hold up its thread.
 */
export const fitsHere = ({ splits, files }: SplitPlan, { steps }: Recipe): boolean =>
  isAlone() &&
  splits.length === 1 &&
  files.every(isPlain) &&
  files.reduce((n, f) => n + f.size, 0) <= SMALL_BYTES &&
  !steps.some((s) => asksServices(s.descriptor));

/** What a pool of threads does, done in this one, one task after the other. */
export function thisThread(onProgress: (progress: SplitProgress) => void) {
  const tasks = import('./run-task.ts');
  let last: Promise<unknown> = tasks;
  return {
    threads: ['this'],
    run(task: unknown, { signal }: { readonly signal: AbortSignal }): Promise<TaskResult | TaskError> {
      const result = last.then(async () => {
        signal.throwIfAborted();
        return (await tasks).runTask(task as ThreadTask, onProgress);
      });
      // Whoever asked is told of an error; the next task begins whatever it was.
      last = result.catch(() => {});
      return result;
    },
    destroy: async (): Promise<void> => {},
  };
}

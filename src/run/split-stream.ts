import { lastValueFrom, type OperatorFunction, pipe, tap } from 'rxjs';
import { loadKernel } from '../kernels/kernel.ts';
import { sharedContext } from '../operators/index.ts';
import type { DocumentBatch } from '../streams/batch.ts';
import { ByteBudget } from '../streams/budget.ts';
import type { Operator } from '../streams/operator.ts';
import { parallel } from '../streams/parallel.ts';
import { pulled } from '../streams/source.ts';
import { type LimitedTask, openSource } from './source.ts';
import { SplitOutput } from './split-output.ts';
import type { SplitProgress, TaskResult } from './types.ts';

const STREAM_BYTES = 32 * 1024 * 1024;

/** A split as a stream on this thread, for recipes with closures: `read(split).pipe(...steps, segment(split))`. */
export async function runSplitHere(
  task: LimitedTask,
  operators: readonly Operator[],
  signal: AbortSignal,
  onProgress: (p: SplitProgress) => void,
): Promise<TaskResult> {
  const kernel = await loadKernel();
  const output = await SplitOutput.open(task, kernel);
  const names = new Set(task.phase.steps.map((s) => s.step));
  const steps = operators.filter((o) => names.has(o.descriptor.step)).map((o) => o.bind(sharedContext()));
  const source = pulled(
    () => openSource(task, kernel, (r) => output.quarantine(r), { signal }),
    new ByteBudget(STREAM_BYTES),
    `split ${task.split.index}`,
  );
  const all = steps.reduce<OperatorFunction<DocumentBatch, DocumentBatch>>((chain, step) => pipe(chain, step), pipe());
  const segment = parallel(
    'segment',
    async (batch) => {
      await output.write(batch);
      return batch;
    },
    { concurrency: 1 },
  );
  try {
    await lastValueFrom(
      source.pipe(
        tap((batch) => output.read(batch)),
        all,
        segment,
        tap(() => onProgress({ split: task.split.index, phase: task.phase.number, counters: output.counters })),
      ),
      { defaultValue: undefined },
    );
    return await output.finish();
  } catch (error) {
    await output.abort();
    throw error;
  }
}

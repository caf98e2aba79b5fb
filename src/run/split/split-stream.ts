import { catchError, lastValueFrom, type OperatorFunction, of, pipe, tap, throwError } from 'rxjs';
import { loadKernel } from '../../kernels/kernel.ts';
import { sharedContext } from '../../operators/index.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { ByteBudget } from '../../streams/flow/budget.ts';
import { parallel } from '../../streams/flow/parallel.ts';
import { pulled } from '../../streams/flow/source.ts';
import type { Operator } from '../../streams/operator.ts';
import { endsRun, isolating, MAX_FAILED, StepError } from './isolate.ts';
import { type ScoredText, scoredText } from './scored-text.ts';
import { openSource } from './source.ts';
import { SplitOutput } from './split-output.ts';
import type { LimitedTask, SplitProgress, TaskResult } from './tasks.ts';

const STREAM_BYTES = 32 * 1024 * 1024;

type Chain = OperatorFunction<DocumentBatch, DocumentBatch>;

/** The steps of a task one after the other; what one throws comes as a StepError. */
function chainOf(task: LimitedTask, operators: readonly Operator[], scored?: ScoredText): Chain {
  const names = new Set(task.phase.steps.map((s) => s.step));
  return operators
    .filter((o) => names.has(o.descriptor.step))
    .map(
      (o): Chain =>
        pipe(
          o.bind({ ...sharedContext(), scoring: scored?.scoring }),
          catchError((e) => throwError(() => (e instanceof StepError ? e : new StepError(o.descriptor.step, e)))),
        ),
    )
    .reduce((chain, step) => pipe(chain, step), pipe() as Chain);
}

/**
 * A split on this thread, for recipes with closures, as a stream: `read(split).pipe(...steps, segment(split))`. When a
 * step throws, the split is done again batch by batch, and the documents on which it throws are set aside.
 */
export async function runSplitHere(
  task: LimitedTask,
  operators: readonly Operator[],
  signal: AbortSignal,
  onProgress: (p: SplitProgress) => void,
): Promise<TaskResult> {
  const write = async (work: (output: SplitOutput) => Promise<void>): Promise<TaskResult> => {
    const output = await SplitOutput.open(task, await loadKernel());
    try {
      await work(output);
      return await output.finish();
    } catch (error) {
      await output.abort();
      throw error;
    }
  };
  const say = ({ counters }: SplitOutput, scoredBytes?: () => number): void =>
    onProgress({ split: task.split.index, phase: task.phase.number, counters, scoredBytes });
  try {
    return await write((output) => {
      const scored = scoredText(task.phase.steps.filter((s) => s.models).map((s) => s.step));
      say(output, scored.bytes);
      return streamed(task, chainOf(task, operators, scored), signal, output, () => say(output, scored.bytes));
    });
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    if (endsRun(error.cause)) throw error.cause;
    // Parts of batches are scored here, and again: only what is decided counts.
    return await write((output) => carefully(task, chainOf(task, operators), signal, output, () => say(output)));
  }
}

async function streamed(
  task: LimitedTask,
  chain: Chain,
  signal: AbortSignal,
  output: SplitOutput,
  say: () => void,
): Promise<void> {
  const kernel = await loadKernel();
  const source = pulled(
    () => openSource(task, kernel, (r) => output.quarantine(r), { signal }),
    new ByteBudget(STREAM_BYTES),
    `split ${task.split.index}`,
  );
  const segment = parallel(
    'segment',
    async (batch) => {
      await output.write(batch);
      return batch;
    },
    { concurrency: 1 },
  );
  const all = source.pipe(
    tap((batch) => output.read(batch)),
    chain,
    segment,
    tap(say),
  );
  await lastValueFrom(all, { defaultValue: undefined });
}

async function carefully(
  task: LimitedTask,
  chain: Chain,
  signal: AbortSignal,
  output: SplitOutput,
  say: () => void,
): Promise<void> {
  const kernel = await loadKernel();
  let failures = 0;
  for await (const batch of openSource(task, kernel, (r) => output.quarantine(r), { signal })) {
    output.read(batch);
    const limit = task.allowFailures ? null : MAX_FAILED - failures;
    const { batch: done, failed } = await isolating(batch, (b) => lastValueFrom(of(b).pipe(chain)), limit);
    failures += failed.length;
    output.setAside(batch, failed);
    await output.write(done);
    say();
  }
}

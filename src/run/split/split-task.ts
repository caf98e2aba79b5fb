import { type Kernel, loadKernel } from '../../kernels/kernel.ts';
import { makeStage } from '../../operators/stages.ts';
import { rowsOfBatch } from '../../streams/batch/batch-rows.ts';
import { collectGarbage } from '../../streams/flow/garbage.ts';
import type { Stage, StepDescriptor } from '../../streams/operator.ts';
import { isolating, MAX_FAILED, StepError, type Steps, withoutRows } from './isolate.ts';
import { openSource } from './source.ts';
import { SplitOutput } from './split-output.ts';
import type { ProbeTask, SplitProgress, TaskResult, WatchedTask } from './tasks.ts';
import { beatAt, READING, WHOLE, WRITING } from './watch.ts';

const stages = new Map<string, Promise<Stage>>();
/** Of the stages, once an error has thrown away the first. */
let stageKernel: Promise<Kernel> | null = null;

/** The stage of a step in this thread, made once. */
function stageOf(descriptor: StepDescriptor, kernel: Kernel): Promise<Stage> {
  const key = JSON.stringify(descriptor);
  let stage = stages.get(key);
  if (!stage) {
    stage = (stageKernel ?? Promise.resolve(kernel)).then((k) => makeStage(descriptor, k));
    stages.set(key, stage);
  }
  return stage;
}

/** The steps of a task on a batch. */
function stepsOf(task: WatchedTask, kernel: Kernel, beat: (step: number) => void): Steps {
  return async (batch) => {
    let current = batch;
    for (const [i, descriptor] of task.phase.steps.entries()) {
      const stage = await stageOf(descriptor, kernel);
      beat(i);
      try {
        current = await stage.apply(current);
      } catch (error) {
        // A trap leaves the memory of the kernel as it was in the middle of its work.
        if ((error as Error)?.name === 'RuntimeError') {
          stages.clear();
          stageKernel = loadKernel();
        }
        throw new StepError(descriptor.step, error);
      }
    }
    return current;
  };
}

const PROGRESS_MS = 200;

/**
 * Reads one split, runs its steps and writes its segments, all in this thread; at most a batch and the open row groups
 * in memory.
 */
export async function runSplitTask(
  task: WatchedTask,
  kernel: Kernel,
  onProgress: (p: SplitProgress) => void,
): Promise<TaskResult> {
  let number = 0;
  const steps = stepsOf(task, kernel, (step) => beatAt(task.beat, number, WHOLE, step));
  await Promise.all(task.phase.steps.map((s) => stageOf(s, kernel)));
  const output = await SplitOutput.open(task, kernel);
  let last = performance.now();
  let failures = 0;
  try {
    for await (const batch of openSource(task, kernel, (r) => output.quarantine(r), { reuse: true })) {
      beatAt(task.beat, number, WHOLE);
      output.read(batch);
      const dead = task.aside.filter((a) => a.batch === number);
      const rest = withoutRows(batch, dead);
      output.setAside(batch, dead);
      const { batch: done, failed } = await isolating(rest, steps, task.allowFailures ? null : MAX_FAILED - failures);
      failures += failed.length;
      output.setAside(rest, failed);
      beatAt(task.beat, number, WRITING);
      await output.write(done);
      beatAt(task.beat, ++number, READING);
      if (performance.now() - last > PROGRESS_MS) {
        last = performance.now();
        onProgress({ split: task.split.index, phase: task.phase.number, counters: output.counters });
      }
    }
    beatAt(task.beat, number, WRITING);
    return await output.finish();
  } catch (error) {
    await output.abort();
    throw error;
  } finally {
    // The next split may be worked on by the other thread, and the budget counts a large document once.
    if (kernel.release()) collectGarbage();
  }
}

/**
 * Runs the steps on the documents of one batch one by one, from a row on; whoever watches sees on which one the thread
 * dies. Writes nothing.
 */
export async function probeBatch(task: ProbeTask, kernel: Kernel): Promise<TaskResult> {
  const { batch: wanted, from } = task.probe;
  let number = 0;
  let row = 0;
  const steps = stepsOf(task, kernel, (step) => beatAt(task.beat, number, row, step));
  for await (const batch of openSource(task, kernel, () => {}, { reuse: true })) {
    if (number === wanted) {
      for (row of batch.aliveRows()) {
        if (row < from || task.aside.some((a) => a.batch === number && a.row === row)) continue;
        beatAt(task.beat, number, row);
        // A document on which a step throws is found again, and set aside, by the next try.
        await steps(rowsOfBatch(batch, Int32Array.of(row))).catch(() => {});
      }
      break;
    }
    beatAt(task.beat, ++number, READING);
  }
  return { files: [], counters: null };
}

import type { Kernel } from '../kernels/kernel.ts';
import { makeStage } from '../operators/index.ts';
import type { Stage, StepDescriptor } from '../streams/operator.ts';
import { type LimitedTask, openSource } from './source.ts';
import { SplitOutput } from './split-output.ts';
import type { SplitProgress, TaskResult } from './types.ts';

const stages = new Map<string, Promise<Stage>>();

/** The stage of a step in this thread, made once. */
function stageOf(descriptor: StepDescriptor, kernel: Kernel): Promise<Stage> {
  const key = JSON.stringify(descriptor);
  let stage = stages.get(key);
  if (!stage) {
    stage = makeStage(descriptor, kernel);
    stages.set(key, stage);
  }
  return stage;
}

const PROGRESS_MS = 200;

/** Reads one split, runs its steps and writes its segments, all in this thread; at most a batch and the open row groups in memory. */
export async function runSplitTask(
  task: LimitedTask,
  kernel: Kernel,
  onProgress: (p: SplitProgress) => void,
): Promise<TaskResult> {
  const steps = await Promise.all(task.phase.steps.map((s) => stageOf(s, kernel)));
  const output = await SplitOutput.open(task, kernel);
  let last = performance.now();
  try {
    for await (const batch of openSource(task, kernel, (r) => output.quarantine(r), { reuse: true })) {
      output.read(batch);
      let current = batch;
      for (const step of steps) current = await step.apply(current);
      await output.write(current);
      if (performance.now() - last > PROGRESS_MS) {
        last = performance.now();
        onProgress({ split: task.split.index, phase: task.phase.number, counters: output.counters });
      }
    }
    return await output.finish();
  } catch (error) {
    await output.abort();
    throw error;
  }
}

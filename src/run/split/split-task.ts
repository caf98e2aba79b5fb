import type { Kernel } from '../../kernels/kernel.ts';
import { rowsOfBatch } from '../../streams/batch/batch-rows.ts';
import { collectGarbage } from '../../streams/flow/garbage.ts';
import type { Services } from '../../streams/services.ts';
import { MAX_FAILED } from '../../streams/split/isolate.ts';
import { type Marks, type NamedStage, runSplit, throughStages } from '../../streams/split/run-split.ts';
import { StepClock, writePlace } from '../../streams/split/step-clock.ts';
import { earlierRows } from '../recut/earlier-rows.ts';
import { takingStages } from '../recut/taking-stage.ts';
import { openSource } from './source.ts';
import { SplitOutput } from './split-output.ts';
import type { ProbeTask, SplitProgress, TaskResult, WatchedTask } from './tasks.ts';
import { threadStages } from './thread-stages.ts';
import { type Waiting, waitingAfter } from './waiting.ts';
import { type Beat, beatAt, READING, WHOLE, WRITING } from './watch.ts';

/** At least so often counters are told. A telling of so many domains that it takes long is told less often. */
const PROGRESS_MS = 100;
const TELLING_SHARE = 0.01;
const LONGEST_REST_MS = 1000;
/** Model workers have something to do while the batch they have scored is worked on and written. */
const BATCHES_FOR_MODELS = 2;
/** The last answers of a batch take their time, and the slots of a generator must not wait for them. */
const BATCHES_FOR_GENERATORS = 4;

/** Signs of life. One batch may be worked on while another is written, which is nobody's time. */
function marksOn(beat: Beat | null): Marks {
  return {
    reading: (batch) => beatAt(beat, batch, READING),
    working: (batch, step) => beatAt(beat, batch, WHOLE, step),
    writing: (batch) => beatAt(beat, batch, WRITING),
  };
}

/**
 * Reads one split, runs its steps and writes its segments, all in this thread but what stages ask the main thread for;
 * at most a batch, or two where models score, and the open row groups in memory.
 */
export async function runSplitTask(
  task: WatchedTask,
  kernel: Kernel,
  services: Services,
  onProgress: (p: SplitProgress) => void,
): Promise<TaskResult> {
  const stages = await stagesOf(task, kernel, services);
  const models = task.phase.steps.some((s) => s.models === true);
  const generates = task.phase.steps.some((s) => s.generates === true);
  const external = task.phase.steps.some((s) => s.external === true);
  const atOnce = generates ? BATCHES_FOR_GENERATORS : models || external ? BATCHES_FOR_MODELS : 1;
  const output = await SplitOutput.open(task, kernel);
  let last = performance.now();
  let waiting: Waiting | null = null;
  let telling = 0;
  const say = (everyMs: number): void => {
    const now = performance.now();
    if (now - last < Math.max(everyMs, Math.min(LONGEST_REST_MS, telling / TELLING_SHARE))) return;
    onProgress({ split: task.split.index, phase: task.phase.number, counters: output.counters });
    last = performance.now();
    telling = last - now;
  };
  const clock = task.clock ? new StepClock(task.clock.words, task.clock.startedMs) : undefined;
  try {
    await runSplit({
      name: `split ${task.split.index}`,
      read: (onQuarantine) =>
        openSource(task, kernel, onQuarantine, {
          reuse: atOnce === 1,
          onUnread: (u) => output.unread(u),
          onPassed: (p) => output.passed(p),
          onSeen: (s) => output.seen(s),
        }),
      stages: () => stages,
      sink: {
        read: (batch) => {
          output.read(batch);
          // A batch is with the models for seconds: how much of it they have scored is shown meanwhile.
          if (models) say(0);
        },
        quarantine: (record) => output.quarantine(record),
        setAside: (batch, failed) => output.setAside(batch, failed),
        write: async (batch) => {
          waiting = waitingAfter(waiting, batch);
          // The other documents of the split are worked on all the same: what their stages ask for is kept by those.
          if (waiting === null) await output.write(batch);
          say(PROGRESS_MS);
        },
      },
      marks: marksOn(task.beat),
      clock,
      maxFailed: task.allowFailures ? null : MAX_FAILED,
      aside: task.aside,
      batchesAtOnce: atOnce,
    });
    beatAt(task.beat, 0, WRITING);
    if (waiting !== null) {
      await output.abort();
      return { files: [], counters: null, waiting };
    }
    const end = writePlace(stages.length);
    clock?.enter(end);
    const result = await output.finish();
    clock?.leave(end);
    return result;
  } catch (error) {
    await output.abort();
    throw error;
  } finally {
    // The next split may be worked on by the other thread, and the budget counts a large document once.
    if (kernel.release()) collectGarbage();
  }
}

/** The stages of a task; those that only measure take what an earlier run has measured. */
async function stagesOf({ phase, earlier }: WatchedTask, kernel: Kernel, services: Services): Promise<NamedStage[]> {
  const stages = await threadStages(phase.steps, kernel, services);
  const taken = (earlier?.taken ?? []).filter((t) => stages.some((s) => s.step === t.step));
  return taken.length === 0 ? stages : takingStages(stages, taken, await earlierRows({ ...earlier!, taken }));
}

/**
 * Runs the steps on the documents of one batch one by one, from a row on; whoever watches sees on which one the thread
 * dies. Writes nothing.
 */
export async function probeBatch(task: ProbeTask, kernel: Kernel, services: Services): Promise<TaskResult> {
  const { batch: wanted, from } = task.probe;
  const stages = await threadStages(task.phase.steps, kernel, services);
  let number = 0;
  for await (const batch of openSource(task, kernel, () => {}, { reuse: true })) {
    if (number === wanted) {
      for (const row of batch.aliveRows()) {
        if (row < from || task.aside.some((a) => a.batch === number && a.row === row)) continue;
        const mark = (step: number): void => beatAt(task.beat, number, row, step);
        mark(-1);
        // A document on which a step throws is found again, and set aside, by the next try.
        await throughStages(rowsOfBatch(batch, Int32Array.of(row)), stages, mark).catch(() => {});
      }
      break;
    }
    beatAt(task.beat, ++number, READING);
  }
  return { files: [], counters: null };
}

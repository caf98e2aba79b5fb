import { join } from 'node:path';
import { inNewFolder, removeFolder } from '../files/temporary.ts';
import { type Kernel, loadKernel } from '../kernels/kernel.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import type { QuarantinedRecord } from '../streams/batch/outcome.ts';
import { originalBytes } from '../streams/commits/counting.ts';
import { type BarrierSplit, BarrierWriter, readDecided, readDecision, writeDecision } from '../streams/flow/barrier.ts';
import { readSplit } from '../streams/formats/read-split.ts';
import { type PlannedInputOptions, plannedInput } from '../streams/inputs/planned-input.ts';
import type { ReadOptions } from '../streams/inputs/read-options.ts';
import type { Operator } from '../streams/operator.ts';
import type { SplitPlan } from '../streams/plan/splits.ts';
import { MAX_FAILED, setAside } from '../streams/split/isolate.ts';
import { type Phase, phasesOf } from '../streams/split/phases.ts';
import { runSplit } from '../streams/split/run-split.ts';
import { liveStage } from './live-stage.ts';
import { makeBarrier } from './stages.ts';
import { withDecision } from './verdicts.ts';

/** What becomes of an input; told in its order. */
export interface InputSink {
  /** A record that could not be read, or a document on which a step throws. */
  quarantine(record: QuarantinedRecord): void;
  /** Documents after all steps, dropped ones among them; the next batch waits. */
  write(batch: DocumentBatch): Promise<void>;
}

export interface InputWork extends PlannedInputOptions {
  readonly input: readonly string[];
  readonly read: ReadOptions;
  /** Default: none. */
  readonly steps?: readonly Operator[];
  readonly sink: InputSink;
  /** Ends after the batch in work. */
  readonly stop?: AbortSignal;
}

/** What a decision may use. */
const DECIDE_MEMORY = 128 * 1024 * 1024;
/** Where there are steps, one batch is worked on in the shared pool while another is written. */
const BATCHES_AT_ONCE = 2;

/**
 * Every split of an input through steps into a sink of the caller's, as a run does it: phase by phase, a document on
 * which a step throws set aside. Nothing of it is resumable; what barriers keep lies in a temporary folder. Errors:
 * ConfigError when nothing can be read; what ends a run.
 */
export async function runInput(work: InputWork): Promise<void> {
  const { input, read, steps = [] } = work;
  const plan = await plannedInput(input, read, work);
  const kernel = await loadKernel();
  const phases = phasesOf(steps.map((s) => s.descriptor));
  if (phases.length === 1) return runPhase(work, plan, kernel, phases[0], '');
  const folder = await inNewFolder('sluice-phases-', async (f) => f);
  try {
    for (const phase of phases) {
      await runPhase(work, plan, kernel, phase, folder);
      if (phase.before && !work.stop?.aborted) await decide(phase, plan, kernel, folder);
    }
  } finally {
    await removeFolder(folder);
  }
}

async function runPhase(
  { read, steps = [], sink, stop }: InputWork,
  plan: SplitPlan,
  kernel: Kernel,
  phase: Phase,
  folder: string,
): Promise<void> {
  const operators = new Map(steps.map((s) => [s.descriptor, s]));
  const live = phase.steps.map((d) => ({ step: d.step, stage: liveStage(operators.get(d)!) }));
  try {
    for (const split of plan.splits) {
      if (stop?.aborted) return;
      const spill = phase.before && filesOf(folder, phase.number, split.index);
      const barrier = spill && (await makeBarrier(phase.before!, kernel));
      const writer = spill && (await BarrierWriter.open(barrier!, spill.spill, spill.keys));
      try {
        await runSplit({
          name: `split ${split.index}`,
          read: (onQuarantine) =>
            until(
              stop,
              phase.after
                ? decided(folder, phase, split.index)
                : readSplit(split, plan, read, { kernel, onQuarantine }),
            ),
          stages: () => live,
          sink: {
            read: () => {},
            quarantine: (record) => sink.quarantine(record),
            setAside(batch, failed) {
              if (failed.length === 0) return;
              const bytes = originalBytes(batch);
              for (const f of failed) sink.quarantine(setAside(batch, f, bytes[f.row]));
            },
            write: (batch) => (writer ? writer.write(batch.compact()) : sink.write(batch)),
          },
          maxFailed: MAX_FAILED,
          batchesAtOnce: live.length === 0 ? 1 : BATCHES_AT_ONCE,
        });
        await writer?.finish();
      } catch (error) {
        await writer?.abort();
        throw error;
      }
    }
  } finally {
    for (const { stage } of live) stage.close();
  }
}

async function* until(
  stop: AbortSignal | undefined,
  batches: AsyncIterable<DocumentBatch>,
): AsyncGenerator<DocumentBatch> {
  for await (const batch of batches) {
    if (stop?.aborted) return;
    yield batch;
  }
}

/** What a phase leaves of a split for the barrier that ends it. */
const filesOf = (folder: string, phase: number, split: number): BarrierSplit => ({
  split,
  spill: join(folder, `${phase}-${split}.documents`),
  keys: join(folder, `${phase}-${split}.keys`),
});

const decisionPath = (folder: string, phase: number, split: number): string =>
  join(folder, `${phase}-${split}.decision`);

async function decide({ number, before }: Phase, plan: SplitPlan, kernel: Kernel, folder: string): Promise<void> {
  const barrier = await makeBarrier(before!, kernel);
  const splits = plan.splits.map((s) => filesOf(folder, number, s.index));
  for await (const decision of barrier.decide(splits, DECIDE_MEMORY))
    await writeDecision(decisionPath(folder, number, decision.split), decision);
}

async function* decided(folder: string, { number, after }: Phase, split: number): AsyncGenerator<DocumentBatch> {
  const decision = await readDecision(decisionPath(folder, number - 1, split), split);
  for await (const part of readDecided(filesOf(folder, number - 1, split).spill, decision))
    yield withDecision(part.batch, after!, part.decision);
}

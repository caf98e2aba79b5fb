import type { Piscina } from 'piscina';
import type { BatchParts } from '../streams/batch/batch.ts';
import type { OperatorContext, Stage, StepDescriptor } from '../streams/operator.ts';
import { workerPool } from '../threads.ts';
import { stage as dropStage } from './drop-stage.ts';

/** What crosses to a worker: plain data and buffers. */
export interface StageTask {
  readonly descriptor: StepDescriptor;
  readonly parts: BatchParts;
}

/** What comes back: columns that were not there before, and whatever else has changed. */
export type StageResult = Partial<BatchParts>;

let pool: Piscina | null = null;
const drops = new WeakMap<StepDescriptor, Stage>();

/** Threads of the shared pool that unbound operators use. */
const SHARED_WORKERS = 2;

/**
 * Where operators run that nobody bound: one small pool for the whole process. Its idle threads end by themselves and
 * never keep the process alive. Rules are compared here: a message to a worker would cost more.
 */
export function sharedContext(): OperatorContext {
  pool ??= workerPool(new URL('./worker', import.meta.url), { workers: SHARED_WORKERS, idleTimeoutMs: 1_000 });
  const shared = pool;
  return {
    concurrency: SHARED_WORKERS,
    async apply(descriptor, batch) {
      if (descriptor.stage === 'drop') {
        const stage = drops.get(descriptor) ?? dropStage(descriptor);
        drops.set(descriptor, stage);
        return stage.apply(batch);
      }
      const { columns, ...rest } = (await shared.run({
        descriptor,
        parts: batch.parts(),
      } satisfies StageTask)) as StageResult;
      return batch.with({ ...rest, columns: new Map([...batch.columns, ...(columns ?? [])]) });
    },
  };
}

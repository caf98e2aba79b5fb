import type { Piscina } from 'piscina';
import type { BatchParts } from '../streams/batch.ts';
import { DocumentBatch } from '../streams/batch.ts';
import type { OperatorContext, StepDescriptor } from '../streams/operator.ts';
import { workerPool } from '../streams/pool.ts';

/** What crosses to a worker and back: plain data and buffers. */
export interface StageTask {
  readonly descriptor: StepDescriptor;
  readonly parts: BatchParts;
}

let pool: Piscina | null = null;

/** Threads of the shared pool that unbound operators use. */
const SHARED_WORKERS = 2;

/**
 * Where operators run that nobody bound: one small pool for the whole process. Its idle threads end by themselves and never keep the
 * process alive.
 */
export function sharedContext(): OperatorContext {
  pool ??= workerPool(new URL('./worker', import.meta.url), { workers: SHARED_WORKERS, idleTimeoutMs: 1_000 });
  const shared = pool;
  return {
    concurrency: SHARED_WORKERS,
    async apply(descriptor, batch) {
      const { rows, columns, split, sequence, alive, verdicts, originalText, cuts, textVersion, stale } = batch;
      const parts: BatchParts = {
        rows,
        columns,
        split,
        sequence,
        alive,
        verdicts,
        textVersion,
        stale,
        originalText: originalText ?? undefined,
        cuts: cuts ?? undefined,
      };
      return new DocumentBatch((await shared.run({ descriptor, parts } satisfies StageTask)) as BatchParts);
    },
  };
}

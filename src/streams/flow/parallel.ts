import type { OperatorFunction } from 'rxjs';
import type { DocumentBatch } from '../batch/batch.ts';
import { handOn, retain } from './budget.ts';
import { drained, streamOf } from './stream-of.ts';

export interface ParallelOptions {
  /** Batches worked on at once. Default 2. */
  readonly concurrency?: number;
  /** Emit in the order of the input. Default true. */
  readonly ordered?: boolean;
}

/**
 * Maps batches by an asynchronous function, a bounded number at once. Holds each batch against the credit of its source
 * from arrival until its result has been handed on, so the source is held back however slow the function is.
 * Unsubscribing aborts `signal`. An error of `work` goes down the stream once.
 */
export function parallel(
  name: string,
  work: (batch: DocumentBatch, signal: AbortSignal) => Promise<DocumentBatch>,
  { concurrency = 2, ordered = true }: ParallelOptions = {},
): OperatorFunction<DocumentBatch, DocumentBatch> {
  return (source) =>
    streamOf(name, async ({ next, signal }) => {
      const waiting: (() => void)[] = [];
      const ready = new Map<number, () => void>();
      const held = new Set<() => void>();
      let arrived = 0;
      let emitted = 0;
      let active = 0;
      let over = false;

      const deliver = (index: number, emit: () => void): void => {
        if (!ordered) {
          emit();
          return;
        }
        ready.set(index, emit);
        for (let first = ready.get(emitted); first; first = ready.get(emitted)) {
          ready.delete(emitted++);
          first();
        }
      };
      const pump = (): void => {
        while (!over && !signal.aborted && active < concurrency && waiting.length > 0) {
          active++;
          waiting.shift()!();
        }
      };
      /** Resolves when all that has arrived has been handed on; rejects with the first error of `work`. */
      const idle = new Promise<void>((resolve, reject) => {
        let ended = false;
        const settle = (): void => {
          if (ended && active === 0 && waiting.length === 0 && ready.size === 0) resolve();
        };
        const take = (batch: DocumentBatch): void => {
          if (over) return;
          const index = arrived++;
          const { lease, credit } = retain(batch, name);
          const release = (): void => {
            held.delete(release);
            lease.release();
          };
          held.add(release);
          const run = async (): Promise<void> => {
            try {
              const result = await work(batch, signal);
              deliver(index, () => {
                if (!over) handOn(credit ? result.withCredit(credit) : result, next);
                release();
              });
            } catch (error) {
              over = true;
              reject(error);
            } finally {
              active--;
              pump();
              settle();
            }
          };
          waiting.push(() => void run());
          pump();
        };
        // Also when the source has ended before: what waits is not worked on any more.
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        drained(source, signal, take).then(() => {
          ended = true;
          settle();
        }, reject);
      });
      try {
        await idle;
      } finally {
        over = true;
        waiting.length = 0;
        for (const release of held) release();
      }
    });
}

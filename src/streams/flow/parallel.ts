import { Observable, type OperatorFunction } from 'rxjs';
import type { DocumentBatch } from '../batch/batch.ts';
import { ownedBy, retain } from './budget.ts';

export interface ParallelOptions {
  /** Batches worked on at once. Default 2. */
  readonly concurrency?: number;
  /** Emit in the order of the input. Default true. */
  readonly ordered?: boolean;
}

/**
 * Maps batches by an asynchronous function, a bounded number at once. Holds each batch against its byte budget from
 * arrival until its result has been handed on, so the source is held back however slow the function is. Unsubscribing
 * aborts `signal`. An error of `work` goes down the stream once.
 */
export function parallel(
  name: string,
  work: (batch: DocumentBatch, signal: AbortSignal) => Promise<DocumentBatch>,
  { concurrency = 2, ordered = true }: ParallelOptions = {},
): OperatorFunction<DocumentBatch, DocumentBatch> {
  return (source) =>
    new Observable((subscriber) => {
      const abort = new AbortController();
      const waiting: { index: number; run: () => void }[] = [];
      const ready = new Map<number, () => void>();
      const held = new Set<() => void>();
      let arrived = 0;
      let emitted = 0;
      let active = 0;
      let completed = false;

      const settle = (): void => {
        if (completed && active === 0 && waiting.length === 0 && ready.size === 0) subscriber.complete();
      };
      const deliver = (index: number, emit: () => void): void => {
        if (!ordered) {
          emit();
          return;
        }
        ready.set(index, emit);
        for (let next = ready.get(emitted); next; next = ready.get(emitted)) {
          ready.delete(emitted++);
          next();
        }
      };
      const pump = (): void => {
        while (active < concurrency && waiting.length > 0) {
          active++;
          waiting.shift()!.run();
        }
      };

      const subscription = source.subscribe({
        next: (batch) => {
          const index = arrived++;
          const { lease, budget } = retain(batch, name);
          const release = (): void => {
            held.delete(release);
            lease.release();
          };
          held.add(release);
          const run = async (): Promise<void> => {
            try {
              const result = await work(batch, abort.signal);
              deliver(index, () => {
                try {
                  subscriber.next(budget ? ownedBy(budget, result) : result);
                } finally {
                  release();
                }
              });
            } catch (error) {
              release();
              subscriber.error(error);
            } finally {
              active--;
              pump();
              settle();
            }
          };
          waiting.push({ index, run: () => void run() });
          pump();
        },
        error: (error) => subscriber.error(error),
        complete: () => {
          completed = true;
          settle();
        },
      });
      return () => {
        waiting.length = 0;
        for (const release of held) release();
        abort.abort(new Error(`${name} was unsubscribed`));
        subscription.unsubscribe();
      };
    });
}

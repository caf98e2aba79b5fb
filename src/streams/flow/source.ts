import { Observable } from 'rxjs';
import type { DocumentBatch } from '../batch/batch.ts';
import { BATCH_TEXT_BYTES } from '../plan/splits.ts';
import { type ByteBudget, chargeOf, ownedBy } from './budget.ts';

/**
 * A pulled stream of batches under a byte budget: the next batch is read only when the budget has room for it.
 * Everything downstream may be plain RxJS. Each subscription opens its own generator; unsubscribing ends it.
 * @param open makes the generator; the signal aborts when the subscriber leaves.
 */
export function pulled(
  open: (signal: AbortSignal) => AsyncIterable<DocumentBatch>,
  budget: ByteBudget,
  holder = 'source',
): Observable<DocumentBatch> {
  return new Observable((subscriber) => {
    const abort = new AbortController();
    const pump = async (): Promise<void> => {
      const iterator = open(abort.signal)[Symbol.asyncIterator]();
      try {
        while (!subscriber.closed) {
          const lease = await budget.acquire(2 * BATCH_TEXT_BYTES, holder, abort.signal);
          try {
            const step = await iterator.next();
            if (step.done) break;
            lease.resize(chargeOf(step.value));
            // Whoever works on it after this call returns has charged it for itself.
            subscriber.next(ownedBy(budget, step.value));
          } finally {
            lease.release();
          }
        }
        subscriber.complete();
      } finally {
        await iterator.return?.();
      }
    };
    pump().catch((error) => {
      if (!subscriber.closed) subscriber.error(error);
    });
    return () => abort.abort(new Error('unsubscribed'));
  });
}

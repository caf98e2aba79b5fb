import type { Observable } from 'rxjs';
import type { DocumentBatch } from '../batch/batch.ts';
import { BATCH_TEXT_BYTES } from '../plan/splits.ts';
import { type Credit, chargeOf, handOn } from './budget.ts';
import { type Downstream, streamOf } from './stream-of.ts';

/**
 * A pulled stream of batches under a byte budget: the next batch is read only when the budget has room for it.
 * Everything downstream may be plain RxJS. Each subscription opens its own generator; unsubscribing ends it.
 *
 * Held back is the source by every step that charges what it works on: those of Sluice, and `parallel()` around a
 * function of your own. An RxJS operator that keeps batches in a queue of its own (an asynchronous `concatMap`, a
 * `toArray`) charges nothing for them.
 * @param open makes the generator; the signal aborts when the subscriber leaves.
 */
export function pulled(
  open: (signal: AbortSignal) => AsyncIterable<DocumentBatch>,
  budget: Credit,
  holder = 'source',
): Observable<DocumentBatch> {
  return streamOf(holder, (downstream) => handOnAll(open(downstream.signal), budget, holder, downstream));
}

/** Hands batches on as fast as a budget has room for the next one; ends the iterator however that ends. */
export async function handOnAll(
  batches: AsyncIterable<DocumentBatch>,
  budget: Credit,
  holder: string,
  { next, signal }: Downstream<DocumentBatch>,
): Promise<void> {
  const iterator = batches[Symbol.asyncIterator]();
  try {
    while (!signal.aborted) {
      const lease = await budget.acquire(2 * BATCH_TEXT_BYTES, holder, signal);
      try {
        const step = await iterator.next();
        if (step.done) break;
        lease.resize(chargeOf(step.value));
        // Whoever works on it after this call returns has charged it for itself.
        handOn(step.value.withCredit(budget), next);
      } finally {
        lease.release();
      }
    }
  } finally {
    await iterator.return?.();
  }
}

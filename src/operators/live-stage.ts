import type { Observer } from 'rxjs';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { Observable } from '../streams/flow/rxjs.ts';
import type { Operator, Stage } from '../streams/operator.ts';

/** A stage that is an operator of a plain pipe, subscribed to as long as it is open. */
export interface LiveStage extends Stage {
  close(): void;
}

interface Open {
  readonly source: Observer<DocumentBatch>;
  readonly waiting: { resolve(batch: DocumentBatch): void; reject(error: unknown): void }[];
}

/**
 * A step that gives a batch for each batch as a stage: it works where a plain pipe works, in the shared pool or in
 * this thread, and keeps between batches what a subscription keeps. After an error it is subscribed to again.
 */
export function liveStage(operator: Operator): LiveStage {
  let open: Open | null = null;
  const subscribed = (): Open => {
    let source: Observer<DocumentBatch> | null = null;
    const waiting: Open['waiting'] = [];
    const failed = (error: unknown): void => {
      open = null;
      for (const { reject } of waiting.splice(0)) reject(error);
    };
    const batches = new Observable<DocumentBatch>((observer) => {
      source = observer;
    });
    operator(batches).subscribe({ next: (batch) => waiting.shift()?.resolve(batch), error: failed });
    return { source: source!, waiting };
  };
  return {
    apply(batch) {
      open ??= subscribed();
      const { source, waiting } = open;
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        source.next(batch);
      });
    },
    close() {
      open?.source.complete();
      open = null;
    },
  };
}

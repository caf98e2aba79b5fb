import { fromEvent, Observable, takeUntil } from './rxjs.ts';

/** Who listens to a stream. */
export interface Downstream<T> {
  next(value: T): void;
  /** Aborts when the subscriber leaves, and once the stream has ended. */
  readonly signal: AbortSignal;
}

/**
 * A stream as one asynchronous function for each subscription: it ends when the function has returned, and an error of
 * the function goes down once. What the function opens it closes in a `finally`, so everything is closed before the end
 * or the error is seen. Where the subscriber has left, `signal` aborts; what fails after that (a folder that cannot be
 * removed) is a warning of the process.
 */
export function streamOf<T>(name: string, work: (downstream: Downstream<T>) => Promise<void>): Observable<T> {
  return new Observable((subscriber) => {
    const abort = new AbortController();
    // Before the work begins: a subscriber may leave at the first value.
    subscriber.add(() => abort.abort(new Error(`${name} was unsubscribed`)));
    work({ next: (value) => subscriber.next(value), signal: abort.signal }).then(
      () => subscriber.complete(),
      (error) => {
        if (!subscriber.closed) subscriber.error(error);
        else if (error !== abort.signal.reason)
          process.emitWarning(`${name}, after it was unsubscribed: ${error}`, 'Sluice');
      },
    );
  });
}

/**
 * Subscribes at once; resolves when the source has ended, rejects with its error, or with the signal's reason when that
 * aborts.
 */
export function drained<T>(source: Observable<T>, signal: AbortSignal, next: (value: T) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
    else source.pipe(takeUntil(fromEvent(signal, 'abort'))).subscribe({ next, error: reject, complete: resolve });
  });
}

/**
 * Uses what `open` opens, and closes it however that ends. `use` begins at once and gets the promise, so that it can
 * subscribe to a source before the first value has passed by; where opening fails, that is the error.
 */
export async function withOpen<R, T>(
  open: Promise<R>,
  use: (opened: Promise<R>) => Promise<T>,
  close: (opened: R) => void | Promise<void>,
): Promise<T> {
  try {
    const [, result] = await Promise.all([open, use(open)]);
    return result;
  } finally {
    // What could not be opened has been said, and there is nothing to close.
    await open.then(close, () => undefined);
  }
}

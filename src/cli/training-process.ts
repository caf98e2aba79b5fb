import { executorName, pickExecutor } from '../models/executors/pick-executor.ts';
import { openInThread, type ThreadExecutor } from '../models/executors/thread.ts';
import type { Observable } from '../streams/flow/rxjs.ts';
import { EXIT } from './failure.ts';

/**
 * The executor of a command that trains, in a thread of its own: a step blocks its thread, and this one shows progress
 * and hears Ctrl-C while a step computes.
 * @param name as given to --executor; left out: the best that works
 */
export async function trainingExecutor(name: string | undefined, threads: number): Promise<ThreadExecutor> {
  const { executor } = await pickExecutor(name === undefined ? 'auto' : executorName(name), { threads });
  return openInThread(executor.name, { threads });
}

/**
 * Ctrl-C once asks for a stop with a checkpoint, twice ends the process.
 * @param said what stops, for people
 */
export function stopOnSignals(said = 'this step with a checkpoint'): { readonly signal: AbortSignal; release(): void } {
  const stop = new AbortController();
  let interrupts = 0;
  const interrupt = (): void => {
    if (++interrupts > 1) process.exit(EXIT.interrupted);
    process.stderr.write(`\nStopping after ${said}. Ctrl-C again stops immediately without one.\n`);
    stop.abort();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, interrupt);
  return {
    signal: stop.signal,
    release() {
      for (const signal of signals) process.off(signal, interrupt);
    },
  };
}

/** Shows every event of a training, and gives the last. */
export function lastEvent<T>(events: Observable<T>, show: (event: T) => void): Promise<T> {
  return new Promise((done, fail) => {
    let end: { readonly event: T } | null = null;
    events.subscribe({
      next: (event) => {
        end = { event };
        show(event);
      },
      error: fail,
      complete: () => (end ? done(end.event) : fail(new Error('a training that said nothing'))),
    });
  });
}

import type { Observable } from 'rxjs';
import type { RunEvent } from '../../run/events.ts';
import { safeJson, safeText } from '../../safe-text.ts';
import { errorEvent } from '../failure.ts';
import { filterLine } from './filter-line.ts';
import { generatedLine } from './generated-line.ts';
import { recutLine } from './recut.ts';
import type { Reporter } from './reporter.ts';

type Planned = Extract<RunEvent, { type: 'planned' }>;
type ProgressEvent = Extract<RunEvent, { type: 'progress' }>;

export interface Followed {
  readonly end: RunEvent | 'killed';
  readonly planned: Planned | null;
  /** The last one. */
  readonly progress: ProgressEvent | null;
}

/** Shows a run until it ends or is stopped. */
export async function follow(
  events: Observable<RunEvent>,
  stop: AbortController,
  reporter: Reporter,
  json: boolean,
): Promise<Followed> {
  let planned: Planned | null = null;
  let progress: ProgressEvent | null = null;
  let last: RunEvent | null = null;
  let unheed = (): void => {};
  try {
    const end = await new Promise<RunEvent | 'killed'>((done, fail) => {
      const subscription = events.subscribe({
        next: (e) => {
          last = e;
          if (e.type === 'planned') planned = e;
          if (e.type === 'progress') progress = e;
          reporter.event(e);
          if (e.type === 'generated') reporter.note(generatedLine(e));
          if (e.type === 'recut') reporter.note(recutLine(e));
          if (e.type === 'filter') reporter.note(filterLine(e));
          if (e.type === 'retried')
            reporter.note(
              safeText(
                `A worker thread died at ${e.task}: ${e.cause}. Retrying (attempt ${e.attempt} of ${e.attempts}).`,
              ),
            );
        },
        error: fail,
        complete: () => (last ? done(last) : fail(new Error('a run that said nothing'))),
      });
      unheed = onInterrupt(stop, reporter, json, () => {
        subscription.unsubscribe();
        done('killed');
      });
    });
    return { end, planned, progress };
  } catch (error) {
    if (json) process.stdout.write(`${safeJson(JSON.stringify(errorEvent(error)))}\n`);
    throw error;
  } finally {
    unheed();
    reporter.close();
  }
}

/** First Ctrl-C: finish what is in work; second: stop now. Returns how to heed it no more. */
function onInterrupt(stop: AbortController, reporter: Reporter, json: boolean, kill: () => void): () => void {
  const interrupt = (): void => {
    if (stop.signal.aborted) {
      reporter.close();
      kill();
      return;
    }
    stop.abort();
    if (json) process.stdout.write(`${JSON.stringify({ type: 'stopping', time: new Date().toISOString() })}\n`);
    reporter.note('Finishing the splits in progress (Ctrl-C again stops immediately) ...');
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return () => {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  };
}

import type { OperatorFunction } from 'rxjs';
import type { LiveState } from '../../ledger/live/state.ts';
import { Observable } from '../../streams/flow/rxjs.ts';
import type { RunEvent } from '../events.ts';
import { LiveRun } from './live-run.ts';

/**
 * What the live page shows, as a stream for scripts: `run(recipe).pipe(runStats())`. Emits a whole state after every
 * progress event (about five a second) and at the end; passes errors on after a last state that names them. Counts
 * are documents, bytes of text and tokens; times seconds; shares 0 to 1.
 * @param limit the limit that the run was given, for the share that is done. Default none.
 */
export function runStats({
  limit = null,
}: {
  readonly limit?: number | null;
} = {}): OperatorFunction<RunEvent, LiveState> {
  return (events) =>
    new Observable((out) => {
      const live = new LiveRun(limit);
      const tell = (): void => {
        const state = live.state();
        if (state) out.next(state);
      };
      return events.subscribe({
        next: (event) => {
          live.take(event);
          if (TOLD.has(event.type)) tell();
        },
        error: (error) => {
          live.fail(error);
          tell();
          out.error(error);
        },
        complete: () => out.complete(),
      });
    });
}

const TOLD: ReadonlySet<RunEvent['type']> = new Set(['progress', 'stopped', 'finished']);

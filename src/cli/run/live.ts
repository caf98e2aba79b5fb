import type { RunEvent } from '../../run/events.ts';
import { runAnswers } from '../../run/live/answers.ts';
import { folderState } from '../../run/live/follow-folder.ts';
import { LiveRun } from '../../run/live/live-run.ts';
import { StateSource } from '../../run/live/live-source.ts';
import { addressLines, interrupted, openPage, portOption } from '../serve/address.ts';
import { styleFor } from '../terminal/terminal.ts';
import { watchAlerts } from './watch-alerts.ts';

export interface WatchOptions {
  /** As typed after `--live=`, '' for the usual port; undefined: no page. */
  readonly live: string | undefined;
  readonly webhook: string | null;
  readonly limit: number | null;
  readonly note: (line: string) => void;
}

/** What looks on while a run is in work: its page, and who is told of alerts. */
export interface RunWatch {
  event(event: RunEvent): void;
  fail(error: unknown): void;
  readonly alerts: number;
  /**
   * On a terminal the page stays until Ctrl-C; elsewhere it ends with the run.
   * @param note says so; null: it does not stay, because the user has pressed it already
   */
  end(note: ((line: string) => void) | null): Promise<void>;
}

/** So long an alert may wait until it is told. */
const ALERTS_MS = 1000;

const TOLD: ReadonlySet<RunEvent['type']> = new Set(['progress', 'stopped', 'finished']);

export async function watchRun({ live: typed, webhook, limit, note }: WatchOptions): Promise<RunWatch> {
  const live = new LiveRun(limit);
  const alerts = watchAlerts(webhook, note);
  const page = typed === undefined ? null : await openLivePage(live, typed, note);
  let lookedAt = Number.NEGATIVE_INFINITY;
  const show = (now: boolean): void => {
    page?.source.showNext(() => live.state());
    if (!now && performance.now() - lookedAt < ALERTS_MS) return;
    lookedAt = performance.now();
    const state = live.state();
    if (state !== null) alerts.look(state);
  };
  return {
    event(event) {
      live.take(event);
      if (TOLD.has(event.type)) show(event.type !== 'progress');
      // Nothing was told of a run that was done before.
      if (page && event.type === 'finished' && event.already)
        void folderState(event.run).then(
          (s) => page.source.show(s),
          (error: Error) => note(error.message),
        );
    },
    fail(error) {
      live.fail(error);
      show(true);
    },
    get alerts() {
      return alerts.count;
    },
    async end(say) {
      await alerts.close();
      if (page === null) return;
      if (say && process.stderr.isTTY) {
        say(`The live page stays at ${page.url} until Ctrl-C.`);
        await interrupted();
      }
      await page.close();
    },
  };
}

async function openLivePage(live: LiveRun, typed: string, note: (line: string) => void) {
  const answers = runAnswers(() => live.path);
  const source = new StateSource(answers.api);
  const server = await openPage(source, { port: portOption(typed, '--live'), option: '--live' });
  for (const line of addressLines(server, styleFor(process.stderr))) note(line);
  return {
    source,
    url: server.url,
    async close() {
      await server.close();
      await answers.close();
    },
  };
}

import type { RunEvent } from '../../run/events.ts';
import { runAnswers } from '../../run/live/answers.ts';
import { folderState } from '../../run/live/follow-folder.ts';
import { LiveRun } from '../../run/live/live-run.ts';
import { StateSource } from '../../run/live/live-source.ts';
import { addressLines, interrupted, openPage, portOption } from '../serve/address.ts';
import { styleFor } from '../terminal/terminal.ts';

/** The page of a run in work. */
export interface LivePage {
  readonly lines: readonly string[];
  event(event: RunEvent): void;
  fail(error: unknown): void;
  /** On a terminal the page stays until Ctrl-C; elsewhere it ends with the run. */
  stay(note: (line: string) => void): Promise<void>;
}

/** @param port as typed after `--live=`; '' for the usual one */
export async function openLivePage(port: string, limit: number | null): Promise<LivePage> {
  const live = new LiveRun(limit);
  const answers = runAnswers(() => live.path);
  const source = new StateSource(answers.api);
  const server = await openPage(source, { port: portOption(port, '--live'), option: '--live' });
  const show = (): void => {
    const state = live.state();
    if (state) source.show(state);
  };
  return {
    lines: addressLines(server, styleFor(process.stderr)),
    event(event) {
      live.take(event);
      show();
      // Nothing was told of a run that was done before.
      if (event.type === 'finished' && event.already)
        void folderState(event.run).then(
          (s) => source.show(s),
          () => {},
        );
    },
    fail(error) {
      live.fail(error);
      show();
    },
    async stay(note) {
      if (process.stderr.isTTY) {
        note(`The live page stays at ${server.url} until Ctrl-C.`);
        await interrupted();
      }
      await server.close();
      answers.close();
    },
  };
}

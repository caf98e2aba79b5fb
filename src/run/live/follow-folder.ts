import { statSync } from 'node:fs';
import { join } from 'node:path';
import { folderFacts } from '../../ledger/live/folder-facts.ts';
import { type LiveState, liveState } from '../../ledger/live/state.ts';
import { openRunFolder } from '../../ledger/run-folder.ts';

/** The state of a run, from its directory alone. Errors: those of `openRunFolder`. */
export const folderState = async (path: string): Promise<LiveState> =>
  liveState(await folderFacts(await openRunFolder(path)));

const EVERY_MS = 1000;
const READING_SHARE = 10;

/**
 * Shows a run directory, and again whenever it has changed while its run is in work elsewhere. Returns how to stop.
 * @param wrong told what a later reading fails on; the next change is read again
 */
export async function followFolder(
  path: string,
  show: (state: LiveState) => void,
  wrong: (error: unknown) => void,
): Promise<() => void> {
  let seen = signOf(path);
  const first = await folderState(path);
  show(first);
  let reading = false;
  let restUntil = 0;
  const look = async (): Promise<void> => {
    const sign = signOf(path);
    if (reading || sign === seen || performance.now() < restUntil) return;
    reading = true;
    const began = performance.now();
    try {
      const state = await folderState(path);
      seen = sign;
      show(state);
    } catch (error) {
      wrong(error);
    } finally {
      reading = false;
      // Of a run with thousands of commits a reading takes its time: it is not done again and again.
      restUntil = performance.now() + READING_SHARE * (performance.now() - began);
    }
  };
  const timer = setInterval(() => void look(), EVERY_MS);
  return () => clearInterval(timer);
}

/** Changes whenever something of a run does that its state is made of. */
function signOf(path: string): string {
  return ['run.json', 'commits.jsonl', 'events.jsonl', 'lock']
    .map((name) => {
      const stat = statSync(join(path, name), { throwIfNoEntry: false });
      return stat ? `${stat.size}.${stat.mtimeMs}` : '-';
    })
    .join(' ');
}

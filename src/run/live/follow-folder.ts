import { folderFacts } from '../../ledger/live/folder-facts.ts';
import { type LiveState, liveState } from '../../ledger/live/state.ts';
import { openRunFolder } from '../../ledger/run-folder.ts';
import { signOf } from './run-sign.ts';

/** The state of a run, from its directory alone. Errors: those of `openRunFolder`. */
export const folderState = async (path: string): Promise<LiveState> =>
  liveState(await folderFacts(await openRunFolder(path)));

/** What the state of a run is made of. */
const WATCHED = ['run.json', 'commits.jsonl', 'events.jsonl', 'lock'];
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
  let seen = signOf(path, WATCHED);
  const first = await folderState(path);
  show(first);
  let reading = false;
  let restUntil = 0;
  const look = async (): Promise<void> => {
    const sign = signOf(path, WATCHED);
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

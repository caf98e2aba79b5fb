import { setTimeout as delay } from 'node:timers/promises';
import type { SharedFolder } from '../../files/stores/shared-folder.ts';
import type { FleetPhase } from './fleet.ts';
import { undone } from './outcome.ts';

const EVERY_MS = 1000;
/** A store is asked for a list, and paid for it. */
const STORED_EVERY_MS = 5000;

/** Resolves when every task of a phase is done, or when the signal aborts. @param everyMs looks so often */
export async function untilDone(
  run: SharedFolder,
  phase: FleetPhase,
  signal: AbortSignal,
  everyMs = run.stored === null ? EVERY_MS : STORED_EVERY_MS,
): Promise<void> {
  while (!signal.aborted && (await undone(run, phase)).length > 0)
    await delay(everyMs, null, { signal }).catch(unlessAborted);
}

function unlessAborted(error: Error): void {
  if (error.name !== 'AbortError') throw error;
}

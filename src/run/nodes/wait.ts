import { setTimeout as delay } from 'node:timers/promises';
import type { Fleet, FleetPhase } from './fleet.ts';
import { undone } from './outcome.ts';
import { refuseReplanned } from './replanned.ts';

const EVERY_MS = 1000;
/** A store is asked for a list, and paid for it. */
const STORED_EVERY_MS = 5000;

/**
 * Resolves when every task of a phase is done, or when the signal aborts. @param everyMs looks so often. Errors:
 * ReplannedError, also where the run was finished meanwhile: a finisher deletes what says that a task is done.
 */
export async function untilDone(
  fleet: Fleet,
  phase: FleetPhase,
  signal: AbortSignal,
  everyMs = fleet.shared.stored === null ? EVERY_MS : STORED_EVERY_MS,
): Promise<void> {
  while (!signal.aborted && (await undone(fleet.shared, phase)).length > 0) {
    await refuseReplanned(fleet);
    await delay(everyMs, null, { signal }).catch(unlessAborted);
  }
}

function unlessAborted(error: Error): void {
  if (error.name !== 'AbortError') throw error;
}

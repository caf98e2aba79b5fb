import { setTimeout as delay } from 'node:timers/promises';
import type { FleetPhase } from './fleet.ts';
import { isDone } from './outcome.ts';

const EVERY_MS = 1000;

/** Resolves when every task of a phase is done, or when the signal aborts. */
export async function untilDone(run: string, phase: FleetPhase, signal: AbortSignal): Promise<void> {
  for (let task = 0; task < phase.tasks; ) {
    if (signal.aborted) return;
    if (isDone(run, phase.name, task)) task++;
    else await delay(EVERY_MS, null, { signal }).catch(unlessAborted);
  }
}

function unlessAborted(error: Error): void {
  if (error.name !== 'AbortError') throw error;
}

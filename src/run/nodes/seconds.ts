import { attemptsOf, type PlannedFolder, taskFolder } from '../../ledger/fleet-commits.ts';
import { attemptEnd } from './attempts.ts';
import type { FleetPhase } from './fleet.ts';

/** Seconds of work of all attempts that ended by themselves, one after the other. */
export async function secondsOf(run: PlannedFolder, phases: readonly FleetPhase[]): Promise<number> {
  let all = 0;
  for (const { name, tasks } of phases)
    for (let task = 0; task < tasks; task++) {
      const folder = taskFolder(run, name, task);
      for (const attempt of await attemptsOf(run, folder))
        all += (await attemptEnd(run, folder, attempt))?.seconds ?? 0;
    }
  return Math.round(all * 1000) / 1000;
}

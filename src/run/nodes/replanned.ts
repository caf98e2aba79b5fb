import { InputError } from '../../errors.ts';
import { NODES_FILE } from '../../ledger/fleet-commits.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import type { Fleet } from './fleet.ts';

/** The plan that a process works on is not that of the run directory any more. */
export class ReplannedError extends InputError {}

/**
 * Whether the run directory still has the plan that this process has read, asked after each claim and before each
 * outcome. Who plans anew deletes nodes.json before it lists what else there is to delete: a claim that was put before
 * goes with the rest, and one that was put later finds no plan, or another. Errors: ReplannedError.
 */
export async function refuseReplanned({ shared, run, name }: Fleet): Promise<void> {
  const planned = await shared.has(NODES_FILE);
  const text = planned ? await shared.read('run.json') : null;
  const now = text === null ? null : (JSON.parse(text) as RunJson);
  const isSame = now?.startedAt === run.startedAt && now.hashes.plan === run.hashes.plan;
  if (isSame && now.status !== 'done') return;
  throw new ReplannedError({
    problem: 'this run was planned anew, finished or deleted while this process worked on it',
    expected: `the plan of ${run.startedAt}, which this process began with`,
    got: now === null ? 'none' : isSame ? 'a finished run' : `that of ${now.startedAt}`,
    where: name,
    fix: 'Nothing, if that was meant: this process has changed nothing in it. sluice status says how it stands.',
  });
}

import type { RunJson } from '../ledger/run-json.ts';
import { decidePhase, splitPhase } from '../streams/commits/phase.ts';
import type { Phase } from '../streams/split/phases.ts';
import type { RunDirectory } from './directory/run-directory.ts';
import type { EarlierRun } from './recut/earlier-run.ts';
import { takenDecision } from './recut/taken-decisions.ts';
import type { SplitPool } from './split/split-pool.ts';

/**
 * Decides and commits what the barrier before a phase lets through; the seconds it took, null where it was decided
 * before.
 * @param recut an earlier run, whose decisions are taken where they are the same
 */
export async function decideBarrier(
  { number, after }: Phase,
  splits: readonly number[],
  directory: RunDirectory,
  pool: SplitPool,
  memory: number,
  recut: { readonly earlier: EarlierRun; readonly now: Pick<RunJson, 'recipe' | 'limits'> } | null = null,
): Promise<number | null> {
  const barrier = after!;
  const phase = decidePhase(barrier.step);
  if (directory.commits.has(phase, 0)) return null;
  const began = performance.now();
  const open = splits.filter((s) => !directory.commits.has(splitPhase(number), s));
  const taken = recut && takenDecision(recut.earlier, recut.now, barrier, open);
  const result = await pool.task({
    kind: 'decide',
    runDirectory: directory.path,
    barrier,
    splits: taken ? open : splits,
    memoryBytes: Math.floor(memory / 2),
    ...(taken && { taken }),
  });
  await directory.commit({
    phase,
    split: 0,
    files: result.files,
    replaces: [],
    counters: null,
    cluster: result.cluster,
  });
  return Math.round(performance.now() - began) / 1000;
}

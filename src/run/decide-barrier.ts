import { decidePhase } from '../streams/commits/phase.ts';
import type { StepDescriptor } from '../streams/operator.ts';
import type { RunDirectory } from './directory/run-directory.ts';
import type { SplitPool } from './split/split-pool.ts';

/** Decides and commits what a barrier lets through; the seconds it took, null where it was decided before. */
export async function decideBarrier(
  barrier: StepDescriptor,
  splits: readonly number[],
  directory: RunDirectory,
  pool: SplitPool,
  memory: number,
): Promise<number | null> {
  const phase = decidePhase(barrier.step);
  if (directory.commits.has(phase, 0)) return null;
  const began = performance.now();
  const result = await pool.task({
    kind: 'decide',
    runDirectory: directory.path,
    barrier,
    splits,
    memoryBytes: Math.floor(memory / 2),
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

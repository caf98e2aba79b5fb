import { join } from 'node:path';
import { decidePhase, splitPhase } from '../../streams/commits/phase.ts';
import type { BarrierSplit } from '../../streams/flow/barrier.ts';
import { barrierPaths, INDEX_FOLDER } from '../directory/layout.ts';
import { RunDirectory } from '../directory/run-directory.ts';
import { committedBy, readOutcome, writeOutcome } from './outcome.ts';
import type { FleetWork } from './work.ts';

/**
 * What one task of a barrier decides: one part of it over all splits, or all of it where it does not fall into parts.
 * False when it was stopped or superseded.
 */
export async function decideTask(work: FleetWork): Promise<boolean> {
  const { fleet, options, pool, stop, hard, out, phase, task, claim } = work;
  const barrier = phase.barrier!;
  const began = performance.now();
  const done = (await committedBy(fleet.path, phase.name, task, claim.attempt)).get(task);
  if (done === undefined) {
    if (stop.aborted) return false;
    claim.working([]);
    const directory = await RunDirectory.open(claim.folder);
    await directory.makeFolders(['work', INDEX_FOLDER]);
    const parted = fleet.nodes.parted.includes(barrier.step);
    const { files, cluster } = await pool.task({
      kind: 'decide-part',
      runDirectory: claim.folder,
      barrier,
      splits: await splitsOf(work, parted),
      part: parted ? task : null,
      memoryBytes: Math.floor(options.memory / 2),
    });
    if (hard.aborted || (await claim.superseded())) return false;
    const rest = { split: task, replaces: [], counters: null, cluster };
    await directory.commit({ phase: decidePhase(barrier.step), files, ...rest });
    await directory.close({ failed: false });
  }
  const commits = await committedBy(fleet.path, phase.name, task, claim.attempt + 1);
  await writeOutcome(fleet.path, phase.name, task, [commits.get(task)!]);
  const seconds = Math.round(performance.now() - began) / 1000;
  out.next({ type: 'decided', phase: phase.name, task, seconds });
  return true;
}

/** What all shards have left of every split, in the order of the input. */
async function splitsOf({ fleet, phase, shards }: FleetWork, parted: boolean): Promise<BarrierSplit[]> {
  const before = splitPhase(phase.number);
  const found = new Map<number, BarrierSplit>();
  for (const [shard, splits] of shards.entries()) {
    const outcome = await readOutcome(fleet.path, `split-${phase.number}`, shard);
    for (const { index } of splits) {
      const names = barrierPaths(phase.barrier!.step, index);
      const { files } = outcome.get(before, index)!;
      const path = (name: string): string => join(fleet.path, files.find((f) => f.path.endsWith(name))!.path);
      const keys = path(parted ? `${names.keys}-parts` : names.keys);
      found.set(index, { split: index, spill: path(names.spill), keys });
    }
  }
  return fleet.plan.splits.map((s) => found.get(s.index)!);
}

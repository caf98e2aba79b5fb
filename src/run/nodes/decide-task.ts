import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decidePhase, splitPhase } from '../../streams/commits/phase.ts';
import type { BarrierSplit } from '../../streams/flow/barrier.ts';
import type { SentFile } from '../../streams/flow/rounds.ts';
import { barrierPaths, INDEX_FOLDER } from '../directory/layout.ts';
import { RunDirectory } from '../directory/run-directory.ts';
import { type FleetPhase, roundOf } from './fleet.ts';
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
    const at = work.phases.indexOf(phase);
    const [before, next] = [work.phases[at - 1], work.phases[at + 1]];
    const { files, cluster } = await pool.task({
      kind: 'decide-part',
      runDirectory: claim.folder,
      barrier,
      splits: roundOf(fleet.nodes, phase)?.alone ? [] : await splitsOf(work, parted),
      part: parted ? task : null,
      parts: phase.tasks,
      round: phase.round,
      received: before.round === null ? [] : await sentIn(work, before),
      sendsTo: roundOf(fleet.nodes, phase)?.toAll ? 1 : next.tasks,
      receivesOf: roundOf(fleet.nodes, before)?.toAll ? 1 : phase.tasks,
      memoryBytes: Math.floor(options.memory / 2),
    });
    if (hard.aborted || (await claim.superseded())) return false;
    const rest = { split: task, replaces: [], counters: null, cluster };
    await directory.commit({ phase: decidePhase(barrier.step), files, ...rest });
    await directory.close({ failed: false });
  }
  const commits = await committedBy(fleet.path, phase.name, task, claim.attempt + 1);
  await writeOutcome(fleet.path, phase.name, task, [commits.get(task)!]);
  await clearSent(work);
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

/** What the tasks of a round have sent. */
async function sentIn({ fleet }: FleetWork, { name, tasks }: FleetPhase): Promise<SentFile[]> {
  const sent: SentFile[] = [];
  for (let task = 0; task < tasks; task++) {
    const [{ files }] = (await readOutcome(fleet.path, name, task)).all;
    const [path, index] = files.map((f) => join(fleet.path, f.path));
    sent.push({ path, index });
  }
  return sent;
}

/** Removes what was sent two phases ago and is read no more: every task its share. */
export async function clearSent(work: FleetWork): Promise<void> {
  const { phases, phase, task } = work;
  const sent = phases[phases.indexOf(phase) - 2];
  if (!sent || sent.round === null) return;
  for (const [k, { path, index }] of (await sentIn(work, sent)).entries())
    if (k % phase.tasks === task) for (const file of [path, index]) await rm(file, { force: true });
}

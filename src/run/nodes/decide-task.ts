import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { atOnce } from '../../files/stores/at-once.ts';
import type { SharedFile } from '../../files/stores/shared-folder.ts';
import type { DuplicateCluster } from '../../streams/commits/log.ts';
import { decidePhase } from '../../streams/commits/phase.ts';
import type { SentFile } from '../../streams/flow/rounds.ts';
import { examplesOf, type FoundClusters } from '../clusters.ts';
import { INDEX_FOLDER } from '../directory/layout.ts';
import { GUARD_DEFAULTS } from '../guards/guards.ts';
import type { DecidePartTask } from '../split/tasks.ts';
import { openAttempt } from './attempt-store.ts';
import { leftOf, splitsOf, withTexts } from './decide-splits.ts';
import { FETCHED_AT_ONCE, fetchedFolder, sentTo } from './fetched.ts';
import { type FleetPhase, roundOf } from './fleet.ts';
import { committedBy, readOutcome, writeOutcome } from './outcome.ts';
import { remembered } from './remembered.ts';
import { refuseReplanned } from './replanned.ts';
import type { FleetWork } from './work.ts';

/**
 * What one task of a barrier decides: one part of it over all splits, or all of it where it does not fall into parts.
 * False when it was stopped or superseded.
 */
export async function decideTask(work: FleetWork): Promise<boolean> {
  const { fleet, options, pool, stop, hard, out, phase, task, claim } = work;
  const { shared } = fleet;
  const barrier = phase.barrier!;
  const began = performance.now();
  const done = (await committedBy(shared, phase.name, task, claim.attempt)).get(task);
  if (done === undefined) {
    if (stop.aborted) return false;
    claim.working([]);
    const directory = await openAttempt(shared, claim.folder);
    await directory.makeFolders(['work', INDEX_FOLDER]);
    const parted = fleet.nodes.parted.includes(barrier.step);
    const at = work.phases.indexOf(phase);
    const [before, next] = [work.phases[at - 1], work.phases[at + 1]];
    const receivesOf = roundOf(fleet.nodes, before)?.toAll ? 1 : phase.tasks;
    const decision: DecidePartTask = {
      kind: 'decide-part',
      runDirectory: directory.path,
      barrier,
      splits: roundOf(fleet.nodes, phase)?.alone ? [] : await splitsOf(work, parted),
      part: parted ? task : null,
      parts: fleet.nodes.shards,
      round: phase.round,
      received: before.round === null ? [] : await receivedBy(work, before, [task % receivesOf, receivesOf]),
      receivesOf,
      sendsTo: roundOf(fleet.nodes, phase)?.toAll ? 1 : next.tasks,
      memoryBytes: Math.floor(options.memory / 2),
    };
    const { files, found } = await pool.task({ ...decision, splits: await withTexts(work, parted, decision) });
    if (hard.aborted || (await claim.superseded())) return false;
    // Null: nothing is a copy. Of a round there is none.
    const cluster = found ? await clusterOf(work, parted, found) : found;
    const rest = { split: task, replaces: [], counters: null, cluster, clusters: found?.sizes };
    await directory.commit({ phase: decidePhase(barrier.step), files, ...rest });
    await directory.close({ failed: false });
    await rm(join(fleet.path, fetchedFolder(work)), { recursive: true, force: true });
  }
  const commits = await committedBy(shared, phase.name, task, claim.attempt + 1);
  await refuseReplanned(fleet);
  await writeOutcome(shared, phase.name, task, [commits.get(task)!]);
  await clearSent(work);
  const seconds = Math.round(performance.now() - began) / 1000;
  out.next({ type: 'decided', phase: phase.name, task, seconds });
  return true;
}

/**
 * The largest cluster of what a task has decided. Its examples, for whose texts splits are fetched from a store, are
 * shown where its guard stops the run: one that cannot, with as many copies in every other part, has none.
 */
async function clusterOf(work: FleetWork, parted: boolean, found: FoundClusters): Promise<DuplicateCluster> {
  const { fleet, recipe, phase } = work;
  const { shared, plan } = fleet;
  const [largest] = found.sizes;
  const { splits, documents } = await leftOf(work, parted);
  const { max } = recipe.expected?.cluster ?? GUARD_DEFAULTS.cluster;
  if (shared.stored !== null && largest.documents * phase.tasks <= max * documents) return { ...largest, examples: [] };
  const spill = (at: number): SharedFile => splits.get(plan.splits[at].index)!.spill;
  await shared.fetch([...new Set(found.copies.map((c) => c.split))].map(spill));
  return { ...largest, examples: await examplesOf(found.copies, (at) => join(shared.path, spill(at).path)) };
}

/** What tasks of a round have sent: a file and its index each. @param step from one to the next, from `first` on */
async function filesSent(
  { fleet: { shared } }: Pick<FleetWork, 'fleet'>,
  { name, tasks }: FleetPhase,
  first = 0,
  step = 1,
): Promise<SharedFile[][]> {
  const sent: SharedFile[][] = [];
  for (let task = first; task < tasks; task += step) {
    const [{ files }] = (await readOutcome(shared, name, task)).all;
    sent.push(files.map(({ path, bytes }) => ({ path, bytes })));
  }
  return sent;
}

async function receivedBy(work: FleetWork, before: FleetPhase, part: readonly [number, number]): Promise<SentFile[]> {
  const sent = await remembered(work.fleet, `sent ${before.name}`, () => filesSent(work, before));
  const files = sent.map((pair, k) => ({ pair, name: `${fetchedFolder(work)}/sent-${k}` }));
  return atOnce(files, FETCHED_AT_ONCE, ({ pair, name }) => sentTo(work.fleet.shared, pair, part, name));
}

/** Removes what was sent two phases ago and is read no more: every task its share. */
export async function clearSent(work: Pick<FleetWork, 'fleet' | 'phases' | 'phase' | 'task'>): Promise<void> {
  const { fleet, phases, phase, task } = work;
  const sent = phases[phases.indexOf(phase) - 2];
  if (!sent || sent.round === null) return;
  const own = await filesSent(work, sent, task, phase.tasks);
  await fleet.shared.delete(own.flat().map((f) => f.path));
}

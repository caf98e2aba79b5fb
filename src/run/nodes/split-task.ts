import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvariantError } from '../../errors.ts';
import { atOnce } from '../../files/stores/at-once.ts';
import { taskFolder } from '../../ledger/fleet-commits.ts';
import type { Commit, CommittedFile } from '../../streams/commits/log.ts';
import { phaseName, splitPhase } from '../../streams/commits/phase.ts';
import type { CommitStore } from '../../streams/commits/store.ts';
import { defer, from, lastValueFrom, mergeMap } from '../../streams/flow/rxjs.ts';
import type { Split } from '../../streams/plan/splits.ts';
import { splitError } from '../conservation.ts';
import { barrierPaths, hasDocuments, INDEX_FOLDER, tablePlaces } from '../directory/layout.ts';
import { makeSplitTask } from '../split/make-task.ts';
import type { Carried } from '../split/tasks.ts';
import { type Waiting, waitingError } from '../split/waiting.ts';
import { openAttempt } from './attempt-store.ts';
import { fatalSplits } from './attempts.ts';
import { clearSent } from './decide-task.ts';
import { type DecisionFiles, decisionOn, FETCHED_AT_ONCE, fetchedFolder } from './fetched.ts';
import { committedBy, readOutcome, writeOutcome } from './outcome.ts';
import { remembered } from './remembered.ts';
import { refuseReplanned } from './replanned.ts';
import type { FleetWork } from './work.ts';

/**
 * The splits of one logical shard in one phase. Each is committed to the log of this attempt; those that earlier
 * attempts have committed are not done again. False when it was stopped or superseded before the last.
 */
export async function splitTask(work: FleetWork): Promise<boolean> {
  const { fleet, recipe, options, pool, stop, hard, out, phase, task, claim, shards } = work;
  const own = phase.splits!;
  const splits = shards[task];
  const { shared } = fleet;
  const earlier = await committedBy(shared, phase.name, task, claim.attempt);
  const directory = await openAttempt(shared, claim.folder);
  await directory.makeFolders(foldersOf(work));
  const left = own.after === null ? null : await leftBefore(work);
  const parts = own.before !== null && fleet.nodes.parted.includes(own.before.step) ? fleet.nodes.shards : undefined;
  const inWork = new Set<number>();
  const waiting: Waiting[] = [];
  let done = splits.filter((s) => earlier.has(s.index)).length;
  let superseded = false;
  const one = (split: Split) =>
    defer(async () => {
      if (stop.aborted || hard.aborted || superseded) return;
      inWork.add(split.index);
      claim.working([...inWork]);
      const carried = left && { carried: await left.of(split.index) };
      const made = makeSplitTask(directory.path, recipe, fleet.plan, own, split);
      const result = await pool.split({ ...made, ...carried, ...(parts !== undefined && { parts }) }, null);
      if (hard.aborted) return;
      if (result.waiting) {
        waiting.push(result.waiting);
        return;
      }
      const lost = splitError(result, left?.outcome.get(splitPhase(own.number - 1), split.index), {
        last: own.before === null,
        documents: hasDocuments(recipe),
      });
      if (lost)
        throw new InvariantError({
          expected: 'every document and every byte of text accounted for',
          got: lost,
          where: `split ${split.index} of ${phase.name}`,
          fix: 'Please report this with the recipe.',
        });
      superseded ||= await claim.superseded();
      if (superseded) return;
      const { files, counters } = result;
      await directory.commit({ phase: splitPhase(own.number), split: split.index, files, replaces: [], counters });
      await left?.forget(split.index);
      inWork.delete(split.index);
      claim.working([...inWork]);
      const documents = counters!.read.documents + counters!.received.documents;
      out.next({
        type: 'split',
        phase: phase.name,
        task,
        split: split.index,
        done: ++done,
        splits: splits.length,
        documents,
      });
    });
  // What a process died on comes last, so that it keeps nothing else from being done.
  const fatal = await fatalSplits(shared, taskFolder(shared, phase.name, task));
  const todo = splits
    .filter((s) => !earlier.has(s.index))
    .sort((a, b) => (fatal.get(a.index) ?? 0) - (fatal.get(b.index) ?? 0) || a.index - b.index);
  try {
    await lastValueFrom(from(todo).pipe(mergeMap(one, options.workers)), { defaultValue: undefined });
  } finally {
    await directory.close({ failed: false });
  }
  if (waiting.length > 0) throw waitingError(waiting, fleet.name);
  if (done < splits.length || superseded) return false;
  const commits = await committedBy(shared, phase.name, task, claim.attempt + 1);
  await refuseReplanned(fleet);
  await writeOutcome(
    shared,
    phase.name,
    task,
    splits.map((s): Commit => commits.get(s.index)!),
  );
  await clearSent(work);
  if (left !== null) await shared.delete(left.files);
  return true;
}

/** Folders below that of the attempt. */
function foldersOf({ recipe, phase }: FleetWork): string[] {
  const { before } = phase.splits!;
  return [
    ...new Set(['documents', 'ledger', 'quarantine', ...tablePlaces(recipe).map((t) => t.folder)]),
    ...(before ? [dirname(barrierPaths(before.step, 0).spill), INDEX_FOLDER] : []),
  ];
}

/** What the phases before have left of the splits of this task. */
async function leftBefore(work: FleetWork): Promise<{
  readonly outcome: CommitStore;
  readonly files: readonly string[];
  /** From a store it is fetched. */
  of(split: number): Promise<Carried>;
  /** Deletes what was fetched. */
  forget(split: number): Promise<void>;
}> {
  const { fleet, phases, phase, task } = work;
  const { shared } = fleet;
  const outcome = await readOutcome(shared, `split-${phase.number - 1}`, task);
  const { step } = phase.splits!.after!;
  const decide = phases[phases.indexOf(phase) - 1];
  const parts = await remembered(fleet, `decided ${decide.name}`, async () => {
    const all: DecisionFiles[] = [];
    for (let part = 0; part < decide.tasks; part++) {
      const [{ files }] = (await readOutcome(shared, decide.name, part)).all;
      const [decisions, index] = files;
      all.push({ decisions, index });
    }
    return all;
  });
  await shared.fetch(parts.map((p) => p.index));
  const place = new Map(fleet.plan.splits.map((s, at) => [s.index, at]));
  const spilled = (split: number): CommittedFile[] => {
    const { files } = outcome.get(splitPhase(phase.number - 1), split)!;
    return files.filter((f) => f.sink === 'work');
  };
  const named = (split: number) => {
    const names = barrierPaths(step, split);
    const file = (name: string): CommittedFile => spilled(split).find((f) => f.path.endsWith(name))!;
    return { spill: file(names.spill), keys: file(names.keys) };
  };
  const here = (path: string): string => join(shared.path, path);
  const folder = (split: number): string => `${fetchedFolder(work)}/${split}`;
  return {
    outcome,
    files: outcome.all.flatMap((c) => spilled(c.split).map((f) => f.path)),
    async of(split) {
      const { spill, keys } = named(split);
      await shared.fetch([spill, keys]);
      const at = place.get(split)!;
      const decisions = await atOnce([...parts.entries()], FETCHED_AT_ONCE, async ([part, files]) => ({
        path: await decisionOn(shared, files, at, `${folder(split)}/${part}`),
        index: here(files.index.path),
      }));
      return { spill: here(spill.path), keys: here(keys.path), decisions, at };
    },
    async forget(split) {
      if (shared.stored === null) return;
      const { spill, keys } = named(split);
      for (const path of [spill.path, keys.path, folder(split)]) await rm(here(path), { recursive: true, force: true });
    },
  };
}

/** As it stands in commits.jsonl. */
export const splitPhaseName = (number: number): string => phaseName(splitPhase(number));

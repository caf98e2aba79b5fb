import { dirname, join, relative } from 'node:path';
import { InvariantError } from '../../errors.ts';
import { taskFolder } from '../../ledger/fleet-commits.ts';
import type { Commit, CommittedFile } from '../../streams/commits/log.ts';
import { phaseName, splitPhase } from '../../streams/commits/phase.ts';
import type { CommitStore } from '../../streams/commits/store.ts';
import { defer, from, lastValueFrom, mergeMap } from '../../streams/flow/rxjs.ts';
import type { Split } from '../../streams/plan/splits.ts';
import { splitError } from '../conservation.ts';
import { barrierPaths, hasDocuments, INDEX_FOLDER, tablePlaces } from '../directory/layout.ts';
import { RunDirectory } from '../directory/run-directory.ts';
import { makeSplitTask } from '../split/make-task.ts';
import type { Carried } from '../split/tasks.ts';
import { type Waiting, waitingError } from '../split/waiting.ts';
import { fatalSplits } from './attempts.ts';
import { clearSent } from './decide-task.ts';
import { committedBy, readOutcome, writeOutcome } from './outcome.ts';
import type { FleetWork } from './work.ts';

/**
 * The splits of one logical shard in one phase. Each is committed to the log of this attempt; those that earlier
 * attempts have committed are not done again. False when it was stopped or superseded before the last.
 */
export async function splitTask(work: FleetWork): Promise<boolean> {
  const { fleet, recipe, options, pool, stop, hard, out, phase, task, claim, shards } = work;
  const own = phase.splits!;
  const splits = shards[task];
  const earlier = await committedBy(fleet.path, phase.name, task, claim.attempt);
  const directory = await RunDirectory.open(claim.folder);
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
      const carried = left && { carried: left.of(split.index) };
      const made = makeSplitTask(claim.folder, recipe, fleet.plan, own, split);
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
  const fatal = await fatalSplits(join(fleet.path, taskFolder(phase.name, task)));
  const todo = splits
    .filter((s) => !earlier.has(s.index))
    .sort((a, b) => (fatal.get(a.index) ?? 0) - (fatal.get(b.index) ?? 0) || a.index - b.index);
  try {
    await lastValueFrom(from(todo).pipe(mergeMap(one, options.workers)), { defaultValue: undefined });
  } finally {
    await directory.close({ failed: false });
  }
  if (waiting.length > 0) throw waitingError(waiting, fleet.path);
  if (done < splits.length || superseded) return false;
  const commits = await committedBy(fleet.path, phase.name, task, claim.attempt + 1);
  await writeOutcome(
    fleet.path,
    phase.name,
    task,
    splits.map((s): Commit => commits.get(s.index)!),
  );
  await clearSent(work);
  if (left !== null) await directory.remove(left.files.map((f) => relative(claim.folder, join(fleet.path, f))));
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
  of(split: number): Carried;
}> {
  const { fleet, phases, phase, task } = work;
  const outcome = await readOutcome(fleet.path, `split-${phase.number - 1}`, task);
  const { step } = phase.splits!.after!;
  const decide = phases[phases.indexOf(phase) - 1];
  const decisions: { path: string; index: string }[] = [];
  for (let part = 0; part < decide.tasks; part++) {
    const [commit] = (await readOutcome(fleet.path, decide.name, part)).all;
    const [path, index] = commit.files.map((f) => join(fleet.path, f.path));
    decisions.push({ path, index });
  }
  const place = new Map(fleet.plan.splits.map((s, at) => [s.index, at]));
  const spilled = (split: number): CommittedFile[] => {
    const { files } = outcome.get(splitPhase(phase.number - 1), split)!;
    return files.filter((f) => f.sink === 'work');
  };
  return {
    outcome,
    files: outcome.all.flatMap((c) => spilled(c.split).map((f) => f.path)),
    of: (split) => {
      const names = barrierPaths(step, split);
      const path = (name: string): string => join(fleet.path, spilled(split).find((f) => f.path.endsWith(name))!.path);
      return { spill: path(names.spill), keys: path(names.keys), decisions, at: place.get(split)! };
    },
  };
}

/** As it stands in commits.jsonl. */
export const splitPhaseName = (number: number): string => phaseName(splitPhase(number));

import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvariantError } from '../../errors.ts';
import { partsOfLines } from '../../files/lines.ts';
import type { SharedFolder } from '../../files/stores/shared-folder.ts';
import { syncFolder, writeWhole } from '../../files/whole.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { isJoined } from '../../sinks/writers.ts';
import {
  type Commit,
  type CommittedFile,
  commitLine,
  commitLines,
  type DuplicateCluster,
} from '../../streams/commits/log.ts';
import { decidePhase, phaseName } from '../../streams/commits/phase.ts';
import { tablePlaces } from '../directory/layout.ts';
import { putFile } from './attempt-store.ts';
import type { Fleet, FleetPhase } from './fleet.ts';
import { inRun, outcomePath } from './outcome.ts';

/**
 * Writes commits.jsonl of the run from the outcomes of all tasks, once. Segments that will be joined stay where they
 * are; files that stay as they are get the places that one process gives them. Of a run in a store the log is one of
 * this machine, and the shards that earlier attempts have joined follow.
 */
export async function mergeLogs(fleet: Fleet, recipe: Recipe, phases: readonly FleetPhase[]): Promise<void> {
  const path = join(fleet.path, 'commits.jsonl');
  if (existsSync(path)) return;
  const joined = new Set(tablePlaces(recipe).flatMap((p) => (isJoined(p.sink) ? [p.name] : [])));
  const lines: string[] = [];
  for (const phase of phases.filter((p) => p.round === null)) {
    const commits: Commit[] = [];
    for (let task = 0; task < phase.tasks; task++) {
      const outcome = await outcomePath(fleet.shared, phase.name, task);
      for await (const { commit } of commitLines(outcome, { repair: false })) commits.push(commit);
    }
    if (phase.splits !== null && commits.length !== fleet.plan.splits.length)
      throw new InvariantError({
        expected: `${fleet.plan.splits.length} splits of ${phase.name}, as planned`,
        got: String(commits.length),
        where: fleet.name,
      });
    const whole = phase.barrier ? [decision(commits, phase.barrier.step)] : commits.sort((a, b) => a.split - b.split);
    for (const commit of whole) {
      const files: CommittedFile[] = [];
      for (const file of commit.files)
        if (file.sink !== 'work') files.push(joined.has(file.sink) ? file : await placed(fleet.shared, file));
      lines.push((await commitLine({ ...commit, files })).slice(0, -1));
    }
  }
  await writeWhole(path, partsOfLines(lines));
}

/** What all parts of a barrier have decided, as one commit with the largest cluster of them. */
function decision(parts: readonly Commit[], step: string): Commit {
  const files = parts.flatMap((p) => p.files);
  const phase = phaseName(decidePhase(step));
  return { ...parts[0], phase, split: 0, files, cluster: largestOf(parts), clusters: undefined };
}

/** Copies of a cluster that are shown. */
const EXAMPLES = 3;

/**
 * The largest cluster: copies of one document may lie in several parts. Each says how many it has of those that hold
 * more than a 256th of its copies, so no more than a 256th of all copies is left out. Examples are those of parts of
 * which it is the largest.
 */
export function largestOf(parts: readonly Pick<Commit, 'cluster' | 'clusters'>[]): DuplicateCluster | null {
  const copies = new Map<string, number>();
  for (const { cluster, clusters = cluster ? [cluster] : [] } of parts)
    for (const { survivor, documents } of clusters) copies.set(survivor, (copies.get(survivor) ?? 0) + documents - 1);
  let survivor: string | null = null;
  for (const [other, count] of copies) {
    const most = survivor === null ? 0 : copies.get(survivor)!;
    if (survivor === null || count > most || (count === most && other < survivor)) survivor = other;
  }
  if (survivor === null) return null;
  const examples = parts.flatMap(({ cluster }) => (cluster?.survivor === survivor ? cluster.examples : []));
  return { survivor, documents: copies.get(survivor)! + 1, examples: examples.slice(0, EXAMPLES) };
}

async function placed(run: SharedFolder, file: CommittedFile): Promise<CommittedFile> {
  const path = inRun(file.path);
  const [from, to] = [join(run.path, file.path), join(run.path, path)];
  // A finisher that was killed has moved it before; what a shard that was done again has written replaces that.
  if (run.stored === null ? !existsSync(from) && existsSync(to) : await run.has(path)) return { ...file, path };
  await mkdir(dirname(to), { recursive: true });
  await run.fetch([file]);
  await rename(from, to);
  await syncFolder(dirname(to));
  if (run.stored !== null) {
    await putFile(run, path);
    await rm(to);
  }
  return { ...file, path };
}

import { join } from 'node:path';
import type { RunJson } from '../../ledger/run-json.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { cutSegment, type SegmentAt, wholeFile } from '../../sinks/cut.ts';
import type { SinkDescriptor } from '../../sinks/options.ts';
import { cutterOf } from '../../sinks/writers.ts';
import type { Counters } from '../../streams/commits/counters.ts';
import { type CommittedFile, liveFiles } from '../../streams/commits/log.ts';
import { splitPhase, splitPhaseNumber } from '../../streams/commits/phase.ts';
import { isBarrier } from '../../streams/operator.ts';
import { tablePlaces } from '../directory/layout.ts';
import type { RunDirectory } from '../directory/run-directory.ts';
import type { EarlierRun } from './earlier-run.ts';
import { takesDecisions } from './taken-decisions.ts';
import { type ChangedRule, changedRules, isUnchanged } from './unchanged-splits.ts';

/** Where a segment of the earlier run lies now. */
interface Place {
  readonly path: string;
  readonly at: SegmentAt;
  readonly joined: boolean;
}

/**
 * Commits the splits of a run in which the changed recipe changes nothing, with the bytes they have in an earlier run;
 * those that are committed already stay. A kill in between loses nothing: what is not taken is worked on. Returns how
 * many were taken.
 */
export async function takeSplits(
  earlier: EarlierRun,
  recipe: Recipe,
  now: Pick<RunJson, 'recipe' | 'limits'>,
  directory: RunDirectory,
  stop: AbortSignal,
): Promise<number> {
  const { run, commits } = earlier.folder;
  const changed = changedRules(run, now);
  if (changed === null || !earlier.sameExecutors || run.limits.limit !== null) return 0;
  const steps = recipe.steps.map((s) => s.descriptor);
  if (!takesDecisions(earlier, now, steps)) return 0;
  const tables = tablePlaces(recipe);
  await directory.makeFolders(tables.map((t) => t.folder));
  const sinks = new Map(tables.map(({ name, sink }) => [name, sink]));
  const places = placesOf(earlier);
  const phases = steps.filter(isBarrier).length;
  let taken = 0;
  for (const split of commits.of(splitPhase(0)).keys()) {
    if (stop.aborted) break;
    // The last phase first: what is committed of a split is then never waited for by a phase that has nothing to read.
    const own = Array.from({ length: phases + 1 }, (_, i) => commits.get(splitPhase(phases - i), split));
    if (directory.commits.has(splitPhase(0), split) || own.some((c) => c === undefined)) continue;
    if (!(await isUnchanged(earlier, changed, split))) continue;
    const heads = own.map((head) => ({ ...head!, files: head!.files.filter((f) => f.sink !== 'work') }));
    const files = heads.flatMap((head) => head.files);
    if (!(await takeFiles(earlier, files, places, sinks, directory))) continue;
    for (const [i, head] of heads.entries()) {
      const phase = splitPhase(phases - i);
      if (directory.commits.has(phase, split)) continue;
      const [[, counters]] = commits.countersOf([head]);
      const { replaces } = head;
      await directory.commit({
        phase,
        split,
        files: head.files,
        replaces,
        counters: withThresholds(counters, changed),
      });
    }
    taken++;
  }
  return taken;
}

/** False where a file does not come out as it was committed; the split is worked on then. */
async function takeFiles(
  { folder }: EarlierRun,
  files: readonly CommittedFile[],
  places: ReadonlyMap<string, Place>,
  sinks: ReadonlyMap<string, SinkDescriptor>,
  directory: RunDirectory,
): Promise<boolean> {
  for (const file of files) {
    const place = places.get(file.path);
    const sink = sinks.get(file.sink);
    const cutter = place?.joined ? sink && cutterOf(sink) : wholeFile;
    if (!place || !cutter) return false;
    const to = { runDirectory: directory.path, path: file.path };
    if (!(await cutSegment(to, join(folder.path, place.path), place.at, file, cutter))) return false;
  }
  return true;
}

/** Every segment of an earlier run: a file of its own, or a part of a shard. */
function placesOf({ folder: { commits } }: EarlierRun): Map<string, Place> {
  const live = liveFiles(commits.all).map((f) => [f.path, f] as const);
  const places = new Map<string, Place>(
    live.map(([path]) => [path, { path, at: { rows: 0, bytes: 0 }, joined: false }]),
  );
  const segments = new Map(
    commits.all.filter((c) => splitPhaseNumber(c) !== null).flatMap((c) => c.files.map((f) => [f.path, f] as const)),
  );
  for (const c of commits.all) {
    if (splitPhaseNumber(c) !== null || c.files.length !== 1) continue;
    let at: SegmentAt = { rows: 0, bytes: 0 };
    for (const name of c.replaces) {
      const segment = segments.get(name);
      if (segment === undefined) break;
      places.set(name, { path: c.files[0].path, at, joined: true });
      at = { rows: at.rows + segment.rows, bytes: at.bytes + segment.bytes };
    }
  }
  return places;
}

/** Counters say the threshold of each rule. */
function withThresholds(counters: Counters, changed: readonly ChangedRule[]): Counters {
  for (const { step, now } of changed) {
    const own = counters.steps[step.step]?.[now.name];
    if (own) own.threshold = now.threshold;
  }
  return counters;
}

import { ConfigError, InvariantError } from '../../errors.ts';
import { isJoined, planShards, sinkExtension } from '../../sinks/writers.ts';
import { addBlind, type BlindCounters } from '../../streams/commits/blind.ts';
import { type Counters, emptyCounters } from '../../streams/commits/counters.ts';
import { type CommittedFile, liveFiles } from '../../streams/commits/log.ts';
import { shardPhase, splitPhaseNumber } from '../../streams/commits/phase.ts';
import type { CommitHead } from '../../streams/commits/store.ts';
import { filesError } from '../conservation.ts';
import type { SplitPool } from '../split/split-pool.ts';
import { hasDocuments, type SinkPlace, tablePlaces } from './layout.ts';
import type { RunDirectory } from './run-directory.ts';

type Sinks = Parameters<typeof tablePlaces>[0];

/**
 * Joins the segments of every sink into shards of about `shardSize` bytes, by copying row groups and frames. One commit
 * a shard, so a kill in the middle goes on with the next shard; segments are deleted once their shard is committed.
 * @param totals of the run: they tell how many documents some records of the quarantine stand for
 * @param shardSize must be the same at every start: run.json has it from the first one on
 * @param ready makes sure that segments are in the folder
 * Errors: ConfigError when shards of another size are there already. Returns the seconds it took.
 */
export async function joinShards(
  directory: RunDirectory,
  recipe: Sinks,
  totals: Counters,
  shardSize: number,
  pool: SplitPool,
  ready: (segments: readonly CommittedFile[]) => Promise<void> = async () => {},
): Promise<number> {
  const began = performance.now();
  for (const { name, folder, sink } of tablePlaces(recipe).filter((p) => isJoined(p.sink))) {
    const phase = shardPhase(name);
    // From the split commits alone, so the plan is the same after an interruption.
    const ofSplits = directory.commits.all.filter((c) => splitPhaseNumber(c) !== null);
    const segments = liveFiles(
      ofSplits.map((c) => ({ ...c, replaces: [] })),
      name,
    );
    const shards = planShards(sink, segments, shardSize);
    const blind = name === 'quarantine' ? totals.quarantined.blind : undefined;
    let before: readonly BlindCounters[] = [];
    for (const [i, shard] of shards.entries()) {
      const path = `${folder}/${shard.name}`;
      const inputs = shard.inputs as readonly CommittedFile[];
      const replaces = inputs.map((f) => f.path);
      const own = { totals: blind ?? [], before };
      if (blind) before = blindUpTo(directory, before, replaces);
      const joined = directory.commits.get(phase, i);
      if (joined) {
        refuseOtherShard(joined, path, replaces, directory.path);
        continue;
      }
      await ready(inputs);
      const task = { kind: 'join', runDirectory: directory.path, sink, sinkName: name, path, inputs } as const;
      const result = await pool.task(blind ? { ...task, blind: own } : task);
      await directory.commit({ phase, split: i, files: result.files, replaces, counters: null });
      await directory.remove(replaces);
    }
  }
  return Math.round(performance.now() - began) / 1000;
}

/** What is lost blindly in the segments before a shard, and in those of it. */
function blindUpTo(
  { commits }: RunDirectory,
  before: readonly BlindCounters[],
  segments: readonly string[],
): readonly BlindCounters[] {
  const sum = emptyCounters();
  const own = commits.all.filter((c) => c.files.some((f) => segments.includes(f.path)));
  for (const blind of before) addBlind(sum, blind);
  for (const [, counters] of commits.countersOf(own))
    for (const blind of counters.quarantined.blind ?? []) addBlind(sum, blind);
  return sum.quarantined.blind ?? [];
}

/** Runs that an earlier version began do not say in run.json what size their shards have. */
function refuseOtherShard(before: CommitHead, path: string, replaces: readonly string[], run: string): void {
  const same = before.files.length === 1 && before.files[0].path === path && before.replaces.join() === replaces.join();
  if (same) return;
  throw new ConfigError({
    expected: `shards of one size: ${path} from ${replaces.length} segments`,
    got: `${before.files.map((f) => f.path).join(', ')} from ${before.replaces.length}`,
    where: run,
    fix: 'Give the --shard-size of the first start, or run with --fresh to start over.',
  });
}

/**
 * Looks at what a finished run publishes: files with the names that its README.md and `load_dataset` look for, and in
 * them every document that was kept. Errors: InvariantError.
 */
export function checkPublished(commits: readonly CommitHead[], recipe: Sinks, totals: Counters, run: string): void {
  const places = tablePlaces(recipe);
  const files = liveFiles(commits).filter((f) => places.some((p) => p.name === f.sink));
  const wrong =
    places.map((p) => (isJoined(p.sink) ? misnamed(p, files) : null)).find((found) => found !== null) ??
    filesError(totals, files, { last: true, documents: hasDocuments(recipe) }) ??
    places.map((p, i) => shortOf(p, files, i < recipe.sinks.length ? totals : null)).find((found) => found !== null);
  if (!wrong) return;
  throw new InvariantError({
    expected: 'every kept document in a shard, and no other file beside the shards',
    got: wrong,
    where: run,
    fix: 'Please report this with run.json and commits.jsonl; run with --fresh to start over.',
  });
}

function misnamed({ name, folder, sink }: SinkPlace, files: readonly CommittedFile[]): string | null {
  const own = files.filter((f) => f.sink === name).map((f) => f.path);
  const number = (n: number): string => String(n).padStart(5, '0');
  const named = (i: number): string => `${folder}/part-${number(i)}-of-${number(own.length)}.${sinkExtension(sink)}`;
  const at = own.findIndex((path, i) => path !== named(i));
  return at < 0 ? null : `${own[at]}, where ${named(at)} should be`;
}

function shortOf({ name }: SinkPlace, files: readonly CommittedFile[], totals: Counters | null): string | null {
  if (totals === null) return null;
  const rows = files.reduce((n, f) => (f.sink === name ? n + f.rows : n), 0);
  return rows === totals.kept.documents ? null : `${rows} rows in ${name}, ${totals.kept.documents} documents kept`;
}

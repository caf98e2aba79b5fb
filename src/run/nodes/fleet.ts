import { existsSync } from 'node:fs';
import { ConfigError, InputError } from '../../errors.ts';
import { folderOnDisk, type SharedFolder } from '../../files/stores/shared-folder.ts';
import { listHash, loadXxhash } from '../../hash.ts';
import { isFleet, NODES_FILE, type PlannedFolder, planned } from '../../ledger/fleet-commits.ts';
import { type RunJson, readRunJson } from '../../ledger/run-json.ts';
import { fetchSideFiles } from '../../ledger/stored/restore.ts';
import type { Round } from '../../streams/flow/barrier.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { PLAN_FILE, readPlan } from '../../streams/plan/plan-file.ts';
import type { Split, SplitPlan } from '../../streams/plan/splits.ts';
import { type Phase, phasesOf } from '../../streams/split/phases.ts';
import { plannedForMany } from '../directory/planned.ts';

const FORMAT = 2;
/** Without an id. */
const BEFORE = 1;

/** What is known of a round before it runs. */
export type RoundShape = Pick<Round, 'alone' | 'toAll'>;

/** Contents of nodes.json. */
export interface NodesJson {
  readonly format: typeof FORMAT | typeof BEFORE;
  /** Of this plan alone: 12 hexadecimal digits, by chance. What its processes write lies in `tasks/<id>/`. */
  readonly id?: string;
  /** Logical shards: the splits fall into so many lists by the hash of their number. */
  readonly shards: number;
  /** A built-in recipe, or the path of one relative to the run directory. */
  readonly recipe: string;
  /** Where the input was looked for, absolute. */
  readonly inputs: readonly string[];
  /** Options of the recipe as they were given to `plan`. */
  readonly args: readonly string[];
  /** Steps whose decisions fall into as many parts as there are shards. */
  readonly parted: readonly string[];
  /** Of those that decide in several rounds: all rounds but the last. */
  readonly rounds?: Readonly<Record<string, readonly RoundShape[]>>;
  /** Version of Node that planned; another one is allowed, and said. */
  readonly node: string;
}

/** A run that many processes work on, as one of them finds it. */
export interface Fleet {
  readonly shared: PlannedFolder;
  /** Its folder on this machine, absolute; see `SharedFolder`. */
  readonly path: string;
  /** The run directory as it is shown. */
  readonly name: string;
  readonly run: RunJson & { readonly shardSize: number };
  readonly nodes: NodesJson;
  readonly plan: SplitPlan;
}

/**
 * A phase of a run on many nodes: splits between two barriers, or what one barrier decides. Every phase is as many
 * tasks, which may run at the same time on different machines; a phase begins when the one before it is complete.
 */
export interface FleetPhase {
  /** `split-0`, `decide-0`, `split-1`, ...; before it rounds `decide-0.0` and so on. A folder of the plan's. */
  readonly name: string;
  readonly tasks: number;
  /** Of splits; null where a barrier decides. */
  readonly splits: Phase | null;
  /** The barrier that decides; null where splits are read. */
  readonly barrier: StepDescriptor | null;
  /** Number of the phase of splits that it is, or that it decides over. */
  readonly number: number;
  /** Of a barrier in rounds, all but the last: from 0. Else null. */
  readonly round: number | null;
}

/** What is known of the round that a phase is; undefined for other phases. */
export const roundOf = (
  { rounds = {} }: Pick<NodesJson, 'rounds'>,
  { barrier, round }: FleetPhase,
): RoundShape | undefined => (barrier !== null && round !== null ? rounds[barrier.step]?.[round] : undefined);

export function fleetPhases(
  steps: readonly StepDescriptor[],
  { shards, parted, rounds = {} }: Pick<NodesJson, 'shards' | 'parted' | 'rounds'>,
): FleetPhase[] {
  return phasesOf(steps).flatMap((phase): FleetPhase[] => {
    const { number, before } = phase;
    const own = { name: `split-${number}`, tasks: shards, splits: phase, barrier: null, number, round: null };
    if (before === null) return [own];
    const decides = { splits: null, barrier: before, number };
    const name = `decide-${number}`;
    const earlier = (Object.hasOwn(rounds, before.step) ? rounds[before.step] : []).map(({ alone }, round) => {
      return { ...decides, name: `${name}.${round}`, tasks: alone ? 1 : shards, round };
    });
    const tasks = parted.includes(before.step) ? shards : 1;
    return [own, ...earlier, { ...decides, name, tasks, round: null }];
  });
}

/** One process does not work on what was planned for many. A finished run is one like any other. */
export async function refuseFleet(path: string, fresh: boolean): Promise<void> {
  if (!fresh && isFleet(path)) throw plannedForMany(path, (await readNodesJson(path)).shards);
}

export async function readNodesJson(folder: string | SharedFolder): Promise<NodesJson> {
  const run = typeof folder === 'string' ? folderOnDisk(folder) : folder;
  const text = await run.read(NODES_FILE);
  const problem = (expected: string, got: string, cause?: unknown): ConfigError =>
    new ConfigError({
      expected,
      got,
      where: run.name,
      fix: 'Plan the run first: sluice plan <recipe> --input ... --nodes 64 --output DIR.',
      cause,
    });
  if (text === null) {
    const there = run.stored === null ? existsSync(run.path) : (await run.names('')).length > 0;
    const got = there ? 'one without nodes.json' : 'nothing there';
    throw problem('a run directory planned for many nodes', got);
  }
  try {
    const nodes = JSON.parse(text) as NodesJson;
    if (nodes.format === FORMAT || nodes.format === BEFORE) return nodes;
    throw new SyntaxError(`format ${(nodes as NodesJson).format}`);
  } catch (cause) {
    throw problem(`nodes.json of format ${FORMAT}`, (cause as Error).message, cause);
  }
}

/** True for a run directory whose run is done. What only the nodes needed may still be there. */
export async function isFinished(run: SharedFolder): Promise<boolean> {
  const text = await run.read('run.json');
  return text !== null && (JSON.parse(text) as { readonly status?: unknown }).status === 'done';
}

/** Small files that a plan consists of. */
export const PLAN_FILES: readonly string[] = [PLAN_FILE, 'run.json'];

/** Opens what `sluice plan --nodes` wrote. Errors: ConfigError for another folder, InputError for a changed plan. */
export async function openFleet(folder: string | SharedFolder): Promise<Fleet> {
  const shared = typeof folder === 'string' ? folderOnDisk(folder) : folder;
  const { path, name, stored } = shared;
  const nodes = await readNodesJson(shared);
  if (stored !== null) await fetchSideFiles(stored, path, PLAN_FILES);
  const run = await readRunJson(path);
  if (run === null || run.shardSize === undefined)
    throw new ConfigError({
      expected: 'run.json beside nodes.json',
      got: run === null ? 'none' : 'one of another version',
      where: name,
      fix: 'Plan the run again into a new folder.',
    });
  const plan = await readPlan(path);
  const hash = await listHash(plan.splits);
  if (hash !== run.hashes.plan)
    throw new InputError({
      expected: `the plan that this run was planned with (${run.hashes.plan})`,
      got: `another one (${hash})`,
      where: name,
      fix: 'plan.jsonl is of another run, or was changed: restore it, or plan the run again into a new folder.',
    });
  return { shared: planned(shared, nodes.id), path, name, run: { ...run, shardSize: run.shardSize }, nodes, plan };
}

/** Which logical shard works on each split, by the hash of the split's number. */
export async function splitsByShard(splits: readonly Split[], shards: number): Promise<Split[][]> {
  const { h64 } = await loadXxhash();
  const lists: Split[][] = Array.from({ length: shards }, () => []);
  for (const split of splits) lists[Number(h64(`split ${split.index}`) % BigInt(shards))].push(split);
  return lists;
}

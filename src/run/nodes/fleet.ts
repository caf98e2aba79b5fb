import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError, InputError } from '../../errors.ts';
import { listHash, loadXxhash } from '../../hash.ts';
import { isFleet, NODES_FILE } from '../../ledger/fleet-commits.ts';
import { type RunJson, readRunJson } from '../../ledger/run-json.ts';
import type { Round } from '../../streams/flow/barrier.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { readPlan } from '../../streams/plan/plan-file.ts';
import type { Split, SplitPlan } from '../../streams/plan/splits.ts';
import { type Phase, phasesOf } from '../../streams/split/phases.ts';

const FORMAT = 1;

/** What is known of a round before it runs. */
export type RoundShape = Pick<Round, 'alone' | 'toAll'>;

/** Contents of nodes.json. */
export interface NodesJson {
  readonly format: typeof FORMAT;
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
  readonly path: string;
  readonly run: RunJson & { readonly shardSize: number };
  readonly nodes: NodesJson;
  readonly plan: SplitPlan;
}

/**
 * A phase of a run on many nodes: splits between two barriers, or what one barrier decides. Every phase is as many
 * tasks, which may run at the same time on different machines; a phase begins when the one before it is complete.
 */
export interface FleetPhase {
  /** `split-0`, `decide-0`, `split-1`, ...; before it rounds `decide-0.0` and so on. A folder in `tasks/`. */
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
export function refuseFleet(path: string, fresh: boolean): void {
  if (fresh || !isFleet(path)) return;
  throw new ConfigError({
    problem: 'this run is planned for many nodes',
    expected: 'the run directory of one process',
    got: 'one with nodes.json',
    where: path,
    fix:
      'Work on it with sluice run DIR --shard 0/8 (sluice status DIR says what is missing), or choose another ' +
      '--output.',
  });
}

export async function readNodesJson(path: string): Promise<NodesJson> {
  const file = join(path, NODES_FILE);
  try {
    const nodes = JSON.parse(await readFile(file, 'utf8')) as NodesJson;
    if (nodes.format === FORMAT) return nodes;
    throw new SyntaxError(`format ${nodes.format}`);
  } catch (cause) {
    const gone = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new ConfigError({
      expected: gone ? 'a run directory planned for many nodes' : `nodes.json of format ${FORMAT}`,
      got: gone ? 'a folder without nodes.json' : (cause as Error).message,
      where: path,
      fix: 'Plan the run first: sluice plan <recipe> --input ... --nodes 64 --output DIR.',
      cause,
    });
  }
}

/** Opens what `sluice plan --nodes` wrote. Errors: ConfigError for another folder, InputError for a changed plan. */
export async function openFleet(folder: string): Promise<Fleet> {
  const path = resolve(folder);
  const nodes = await readNodesJson(path);
  const run = await readRunJson(path);
  if (run === null || run.shardSize === undefined)
    throw new ConfigError({
      expected: 'run.json beside nodes.json',
      got: run === null ? 'none' : 'one of another version',
      where: path,
      fix: 'Plan the run again into a new folder.',
    });
  const plan = await readPlan(path);
  const hash = await listHash(plan.splits);
  if (hash !== run.hashes.plan)
    throw new InputError({
      expected: `the plan that this run was planned with (${run.hashes.plan})`,
      got: `another one (${hash})`,
      where: path,
      fix: 'plan.jsonl is of another run, or was changed: restore it, or plan the run again into a new folder.',
    });
  return { path, run: { ...run, shardSize: run.shardSize }, nodes, plan };
}

/** Which logical shard works on each split, by the hash of the split's number. */
export async function splitsByShard(splits: readonly Split[], shards: number): Promise<Split[][]> {
  const { h64 } = await loadXxhash();
  const lists: Split[][] = Array.from({ length: shards }, () => []);
  for (const split of splits) lists[Number(h64(`split ${split.index}`) % BigInt(shards))].push(split);
  return lists;
}

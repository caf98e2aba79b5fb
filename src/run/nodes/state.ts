import { setTimeout as delay } from 'node:timers/promises';
import { attemptsOf, taskFolder } from '../../ledger/fleet-commits.ts';
import type { Commit } from '../../streams/commits/log.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { attemptEnd, beatPath, type Claimant, claimantOf, claimTimes, fatalSplits } from './attempts.ts';
import { type Fleet, type FleetPhase, fleetPhases, splitsByShard } from './fleet.ts';
import { committedBy, isDone, undone } from './outcome.ts';
import { aliveHere } from './process-mark.ts';

/**
 * How a task stands. `claimed`: an attempt has not ended, and nobody has watched its heartbeat yet; `silent`: its
 * heartbeat stood still while it was watched, or its process is gone.
 */
export type TaskState = 'done' | 'running' | 'claimed' | 'silent' | 'failed' | 'stopped' | 'open';

/** A split at which attempts have died, with the files that it reads. */
export interface Poison {
  readonly split: number;
  readonly deaths: number;
  readonly files: readonly string[];
}

export interface TaskFacts {
  readonly task: number;
  readonly state: TaskState;
  readonly attempts: number;
  /** Splits committed, of how many; of a decision 0 or 1. */
  readonly splits: number;
  readonly outOf: number;
  /** Host and process of the last attempt. */
  readonly by: Claimant | null;
  /** Of a failed one. */
  readonly error: string | null;
  /** By the times in its own log; null where that has fewer than two commits. */
  readonly documentsPerSecond: number | null;
  /** Less than half as fast as the shard in the middle, of those of its phase that have a pace. */
  readonly slow: boolean;
  readonly secondsPerSplit: number | null;
  /** Files of the splits at which three attempts or more have died. */
  readonly poison: readonly { readonly split: number; readonly deaths: number; readonly files: readonly string[] }[];
}

export interface PhaseFacts {
  readonly phase: string;
  readonly tasks: number;
  readonly byState: Readonly<Record<TaskState, number>>;
  /** Those that are not done; of a complete phase none. */
  readonly missing: readonly TaskFacts[];
}

export interface FleetFacts {
  readonly run: string;
  readonly name: string;
  readonly shards: number;
  readonly splits: number;
  readonly phases: readonly PhaseFacts[];
  /** The phase that can be worked on now; null: all are complete, `sluice finish` is next. */
  readonly next: string | null;
  /** Seconds until the slowest shard that runs is done, at its own pace; null where none has a pace. */
  readonly etaSeconds: number | null;
}

/** Deaths at one split from which on it is named. */
const POISON = 3;

/**
 * How a run on many nodes stands, from its directory alone. Heartbeats are watched on this machine's clock for
 * `watchMs`; the times of other machines are compared with nothing.
 */
export async function fleetFacts(fleet: Fleet, watchMs = claimTimes(fleet.shared).beatMs * 1.5): Promise<FleetFacts> {
  const { steps } = fleet.run.recipe as unknown as { readonly steps: readonly StepDescriptor[] };
  const phases = fleetPhases(steps, fleet.nodes);
  const lists = await splitsByShard(fleet.plan.splits, fleet.nodes.shards);
  const sizes = lists.map((l) => l.length);
  const facts: PhaseFacts[] = [];
  let next: string | null = null;
  for (const phase of phases) {
    const missing: TaskFacts[] = [];
    const byState = { done: 0, running: 0, claimed: 0, silent: 0, failed: 0, stopped: 0, open: 0 };
    const todo = await undone(fleet.shared, phase);
    byState.done = phase.tasks - todo.length;
    if (next === null && todo.length > 0) {
      next = phase.name;
      missing.push(...withSlow(await watched(fleet, phase, todo, sizes, watchMs)));
    } else for (const task of todo) missing.push({ ...NOTHING, task, outOf: phase.splits ? sizes[task] : 1 });
    for (const { state } of missing) byState[state]++;
    facts.push({ phase: phase.name, tasks: phase.tasks, byState, missing });
  }
  const { name: path, run, nodes, plan } = fleet;
  const open = facts.find((f) => f.phase === next);
  return {
    run: path,
    name: run.name,
    shards: nodes.shards,
    splits: plan.splits.length,
    phases: facts,
    next,
    etaSeconds: open ? eta(open.missing) : null,
  };
}

const NOTHING = {
  state: 'open',
  attempts: 0,
  splits: 0,
  by: null,
  error: null,
  documentsPerSecond: null,
  slow: false,
  secondsPerSplit: null,
  poison: [],
} as const;

async function watched(
  fleet: Fleet,
  phase: FleetPhase,
  tasks: readonly number[],
  sizes: readonly number[],
  watchMs: number,
): Promise<TaskFacts[]> {
  const beats = new Map<number, string | null>();
  const facts: TaskFacts[] = [];
  const beatText = (task: number, attempt: number): Promise<string | null> =>
    fleet.shared.version(beatPath(taskFolder(fleet.shared, phase.name, task), attempt));
  for (const task of tasks) {
    const found = await factsOf(fleet, phase, task, phase.splits ? sizes[task] : 1);
    if (found.state === 'claimed') beats.set(task, await beatText(task, found.attempts));
    facts.push(found);
  }
  if (beats.size === 0) return facts;
  await delay(watchMs);
  return Promise.all(
    facts.map(async (f): Promise<TaskFacts> => {
      if (f.state !== 'claimed') return f;
      const moved = (await beatText(f.task, f.attempts)) !== beats.get(f.task);
      return { ...f, state: moved ? 'running' : (await isDone(fleet.shared, phase.name, f.task)) ? 'done' : 'silent' };
    }),
  );
}

/** A shard so many times slower than the one in the middle is called slow. */
const SLOW = 2;

function withSlow(facts: readonly TaskFacts[]): TaskFacts[] {
  const paces = facts.flatMap((t) => t.documentsPerSecond ?? []).sort((a, b) => a - b);
  const middle = paces[paces.length >> 1] ?? 0;
  return facts.map((t) => ({ ...t, slow: t.documentsPerSecond !== null && t.documentsPerSecond * SLOW < middle }));
}

async function factsOf(fleet: Fleet, phase: FleetPhase, task: number, outOf: number): Promise<TaskFacts> {
  const run = fleet.shared;
  const folder = taskFolder(run, phase.name, task);
  const attempts = await attemptsOf(run, folder);
  const last = attempts.at(-1);
  if (last === undefined) return { ...NOTHING, task, outOf };
  const end = await attemptEnd(run, folder, last);
  const by = await claimantOf(run, folder, last);
  const alive = end === null && by !== null ? await aliveHere(by) : null;
  const commits = [...(await committedBy(run, phase.name, task)).values()];
  const state =
    end !== null
      ? end.how === 'done'
        ? 'claimed'
        : end.how
      : alive === null
        ? 'claimed'
        : alive
          ? 'running'
          : 'silent';
  const fatal = [...(await fatalSplits(run, folder))].filter(([split, deaths]) => {
    return deaths >= POISON && !commits.some((c) => c.split === split);
  });
  const files = (split: number): string[] => [
    ...new Set(fleet.plan.splits[split].ranges.map((r) => fleet.plan.files[r.file].path)),
  ];
  return {
    task,
    state,
    attempts: last,
    splits: commits.length,
    outOf,
    by,
    error: end?.error ?? null,
    slow: false,
    ...paceOf(commits),
    poison: fatal.map(([split, deaths]) => ({ split, deaths, files: files(split) })),
  };
}

/** By differences within one log only: they are of one clock. */
function paceOf(commits: readonly Commit[]): Pick<TaskFacts, 'documentsPerSecond' | 'secondsPerSplit'> {
  const times = commits.map((c) => Date.parse(c.at));
  const seconds = (Math.max(...times) - Math.min(...times)) / 1000;
  if (commits.length < 2 || seconds <= 0) return { documentsPerSecond: null, secondsPerSplit: null };
  const secondsPerSplit = seconds / (commits.length - 1);
  const documents = commits.reduce((n, { counters: c }) => n + (c ? c.read.documents + c.received.documents : 0), 0);
  return { documentsPerSecond: documents / commits.length / secondsPerSplit, secondsPerSplit };
}

/**
 * Seconds that the slowest shard in work still needs at its own pace of splits; those that nobody works on are not in
 * it. Null where no pace is known.
 */
function eta(missing: readonly TaskFacts[]): number | null {
  const left = missing.flatMap((t) => {
    if (t.state !== 'running' || t.secondsPerSplit === null) return [];
    return [(t.outOf - t.splits) * t.secondsPerSplit];
  });
  return left.length === 0 ? null : Math.max(...left);
}

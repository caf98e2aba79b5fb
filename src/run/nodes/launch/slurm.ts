import { shellWord } from '../../../safe-text.ts';
import type { FleetPhase } from '../fleet.ts';
import { slurmScript } from './slurm-script.ts';

export interface SlurmOptions {
  /** Command line that starts Sluice, words in order. */
  readonly program: readonly string[];
  /** Run directory: absolute, or an address. */
  readonly run: string;
  /** Folder for what tasks print, absolute. */
  readonly logs: string;
  /** Most tasks of one array: `MaxArraySize` of the cluster. */
  readonly arrayLimit: number;
  readonly cpus: number;
  /** Buffer budget of a task. */
  readonly memory: string;
  /** Mebibytes that a task asks Slurm for, and the end, which has one thread; unless `sbatch` names memory. */
  readonly ask: { readonly task: number; readonly finish: number };
  /** Time limit as sbatch takes it. */
  readonly time: string;
  /** Seconds before the limit at which a task is told to commit and is queued again. */
  readonly warnSeconds: number;
  /** Further options of sbatch, as they are. */
  readonly sbatch: readonly string[];
}

/** Name of the job of a phase. */
export const jobName = (phase: string): string => `sluice-${phase}`;

/** One job to submit. */
export interface SlurmJob {
  readonly name: string;
  /** Arguments of sbatch, without the dependency and the script. */
  readonly args: readonly string[];
  readonly script: string;
}

/** By it the jobs of a run are found in the queue. */
export const commentOf = (run: string): string => `sluice:${run}`;

/** Jobs of a run that are in the queue, by name: their ids, and the array tasks that wait or run. */
export type Queued = ReadonlyMap<string, { readonly ids: ReadonlySet<string>; readonly tasks: ReadonlySet<number> }>;

/** Format of squeue that `queuedOf` reads, with `--array --noheader`. */
export const QUEUE_FORMAT = '%F|%K|%j|%r|%k';

/** Why a job waits that will never run: one before it failed. */
const NEVER = 'DependencyNeverSatisfied';

/** @param lines of squeue in that format */
export function queuedOf(lines: readonly string[], run: string): Queued {
  const found = new Map<string, { ids: Set<string>; tasks: Set<number> }>();
  for (const line of lines) {
    const [id, task, name, reason, ...comment] = line.trim().split('|');
    if (comment.join('|') !== commentOf(run) || reason === NEVER) continue;
    const own = found.get(name) ?? { ids: new Set(), tasks: new Set() };
    own.ids.add(id);
    if (/^\d+$/.test(task)) own.tasks.add(Number(task));
    found.set(name, own);
  }
  return found;
}

/**
 * One array job for a phase. Where a phase has more tasks than an array may have, each array task does several.
 * Null where all that is missing waits or runs already.
 * @param missing tasks that are not done; only the array tasks that own one of them are submitted
 * @param queued array tasks that wait or run
 */
export function phaseJob(
  phase: FleetPhase,
  missing: readonly number[],
  queued: ReadonlySet<number>,
  options: SlurmOptions,
): SlurmJob | null {
  const count = Math.min(phase.tasks, options.arrayLimit);
  const wanted = new Set(missing.map((task) => task % count));
  const array = [...wanted].filter((task) => !queued.has(task)).sort((a, b) => a - b);
  if (array.length === 0) return null;
  const command = [
    ...options.program,
    'run',
    options.run,
    '--phase',
    phase.name,
    '--workers',
    String(options.cpus),
    '--memory',
    options.memory,
  ];
  const name = jobName(phase.name);
  return {
    name,
    args: [
      `--job-name=${name}`,
      `--array=${ranges(array)}`,
      `--cpus-per-task=${options.cpus}`,
      ...asksMemory(options.ask.task, options.sbatch),
      `--time=${options.time}`,
      `--signal=B:USR1@${options.warnSeconds}`,
      '--requeue',
      '--open-mode=append',
      `--output=${options.logs}/slurm-${phase.name}-%a.log`,
      `--comment=${commentOf(options.run)}`,
      ...options.sbatch,
    ],
    script: slurmScript(
      `${command.map(shellWord).join(' ')} --shard "$SLURM_ARRAY_TASK_ID/${count}"`,
      `${shellWord(`${options.logs}/slurm-${phase.name}-`)}"$SLURM_ARRAY_TASK_ID.failed"`,
    ),
  };
}

/** Without it some clusters give a task a whole node, others too little. */
const asksMemory = (mebibytes: number, sbatch: readonly string[]): string[] =>
  sbatch.some((option) => option.startsWith('--mem')) ? [] : [`--mem=${mebibytes}M`];

/** The job at the end of the chain. */
export function finishJob(options: SlurmOptions): SlurmJob {
  const command = [...options.program, 'finish', options.run, '--memory', options.memory];
  return {
    name: jobName('finish'),
    args: [
      `--job-name=${jobName('finish')}`,
      '--cpus-per-task=1',
      ...asksMemory(options.ask.finish, options.sbatch),
      `--time=${options.time}`,
      `--signal=B:USR1@${options.warnSeconds}`,
      '--requeue',
      '--open-mode=append',
      `--output=${options.logs}/slurm-finish.log`,
      `--comment=${commentOf(options.run)}`,
      ...options.sbatch,
    ],
    script: slurmScript(command.map(shellWord).join(' '), shellWord(`${options.logs}/slurm-finish.failed`)),
  };
}

/** 3,5-9,12 as sbatch takes it. @param numbers ascending */
export function ranges(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    let j = i;
    while (numbers[j + 1] === numbers[j] + 1) j++;
    parts.push(j > i ? `${numbers[i]}-${numbers[j]}` : String(numbers[i]));
    i = j + 1;
  }
  return parts.join(',');
}

import { setTimeout as delay } from 'node:timers/promises';
import { InvariantError, SluiceError } from '../../errors.ts';
import { type FilterStatus, openFilters } from '../../operators/external/index.ts';
import { type Askers, openAskers } from '../../operators/generate/askers.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { emptyCounters } from '../../streams/commits/counters.ts';
import { ByteBudget } from '../../streams/flow/budget.ts';
import { clockWords, epochMs, readClock } from '../../streams/split/step-clock.ts';
import { errorFromData } from '../../thread-errors.ts';
import { workerPool } from '../../threads.ts';
import type { RunOptions } from '../options.ts';
import { type Line, openServices } from '../services/host.ts';
import { modelBytes, modelWorkersOf, openModels } from '../services/models.ts';
import { type Died, deadRow, deathOf, diedAgain, MAX_DEATHS, nameOf, tooManyDeaths } from './deaths.ts';
import { renewed } from './renewed.ts';
import {
  asSplit,
  type SplitProgress,
  type SplitTask,
  type Task,
  type TaskError,
  type TaskResult,
  type WatchedTask,
} from './tasks.ts';
import { thisThread } from './this-thread.ts';
import { openWatch, READING, WHOLE } from './watch.ts';
import { heldBytes, SPLIT_BYTES, splitBytesOf } from './windows.ts';

/** So often a task is tried again on a fresh thread when its thread died. */
const RETRIES = 2;
/** So long a run that ends waits for the closures of its steps. */
const CLOSE_MS = 2000;

/** Runs tasks in worker threads under the byte budget. */
export interface SplitPool {
  split(task: SplitTask, limit: number | null): Promise<TaskResult>;
  task(task: Task): Promise<TaskResult>;
  /** Where the steps with a generator stand. */
  generators(): ReturnType<Askers['status']>;
  /** What the processes of external filters have done, by step. */
  filters(): ReadonlyMap<string, FilterStatus>;
  close(): Promise<void>;
}

/** A task whose thread died, and will be tried again. */
export interface Retry {
  readonly task: string;
  readonly cause: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly attempts: number;
}

export interface PoolEvents {
  readonly progress: (p: SplitProgress) => void;
  /** A thread has been given a split, and has said nothing yet. */
  readonly begun: (p: SplitProgress) => void;
  readonly retry: (r: Retry) => void;
  /** The first process of a step is about to be started. */
  readonly filter: (step: string, status: FilterStatus) => void;
}

/**
 * @param answers folder of the answers of generators
 * @param work how many splits the run has: no more threads than that are started; `here`: none is, and the one that
 *   asks does the work
 */
export async function openSplitPool(
  recipe: Recipe,
  answers: string,
  options: RunOptions,
  { splits, here = false }: { readonly splits: number; readonly here?: boolean },
  hard: AbortSignal,
  on: PoolEvents,
): Promise<SplitPool> {
  const budget = new ByteBudget(options.memory, { stallMs: 0 });
  const closing = new AbortController();
  const signal = AbortSignal.any([hard, closing.signal]);
  const inWork = new Set<Promise<unknown>>();
  // A thread that never gets work, for lack of budget or of splits, would cost 25 MB and 0.15 s for nothing.
  const held = heldBytes(recipe.steps.map((s) => s.descriptor));
  const room = Math.floor(options.memory / (SPLIT_BYTES + held));
  const workers = Math.max(1, Math.min(options.workers, splits, room));
  /** Of splits in work: text that model workers have scored. */
  const scored = new Map<number, () => number>();
  /** Of splits in work: where the time has gone. */
  const clocks = new Map<number, () => number[]>();
  const onProgress = (progress: SplitProgress): void => {
    const { split } = progress;
    on.progress({ ...progress, scoredBytes: scored.get(split), times: clocks.get(split) });
  };
  const openPool = () => {
    if (here) return thisThread(onProgress);
    const opened = workerPool(new URL('./worker', import.meta.url), { workers });
    opened.on('message', ({ progress }: { readonly progress?: SplitProgress }) => {
      if (progress) onProgress(progress);
    });
    // A thread that died between two tasks: another takes its place, and nothing was lost.
    opened.on('error', () => {});
    return opened;
  };
  const pool = renewed(openPool);
  const eachModel = await modelBytes(recipe.steps.map((s) => s.descriptor));
  const modelWorkers = modelWorkersOf(options.workers, options.modelMemory, eachModel);
  const filters = openFilters(options.workers, options.modelMemory, on.filter);
  const services = openServices(recipe.steps, openModels(modelWorkers), openAskers(answers), filters);
  const { timeoutSeconds } = options;
  /** One try; a thread that died is said, not thrown. */
  const once = async (task: Task, extra: object = {}): Promise<TaskResult | Died> => {
    const ofSplit = asSplit(task);
    const line: Line | null = ofSplit && services.lineFor(ofSplit.phase.steps);
    const watch = ofSplit && openWatch(1000 * timeoutSeconds, line?.waits);
    if (line) scored.set(ofSplit!.split.index, line.scoredBytes);
    const clock = ofSplit && { words: clockWords(ofSplit.phase.steps.length), startedMs: epochMs() };
    if (clock) {
      const times = (): number[] => readClock(clock.words, clock.startedMs);
      clocks.set(ofSplit!.split.index, times);
      on.begun({ split: ofSplit!.split.index, phase: ofSplit!.phase.number, counters: emptyCounters(), times });
    }
    const threads = pool.current;
    try {
      const result = (await threads.run(
        { ...task, ...extra, beat: watch?.beat ?? null, clock, services: line?.port ?? null },
        {
          signal: watch ? AbortSignal.any([signal, watch.signal]) : signal,
          transferList: line ? [line.port] : [],
        },
      )) as TaskResult | TaskError;
      if ('error' in result) throw errorFrom(result);
      return clock ? { ...result, times: readClock(clock.words, clock.startedMs) } : result;
    } catch (error) {
      if (signal.aborted || error instanceof SluiceError) throw error;
      const late = { reason: 'timeout', cause: `it did not come back within ${timeoutSeconds} s` } as const;
      const death = watch?.signal.aborted ? late : deathOf(error);
      if (death === null) throw error;
      await pool.died(threads);
      return { death, at: watch?.place() ?? { batch: 0, row: READING, step: -1 } };
    } finally {
      watch?.end();
      line?.end();
      if (ofSplit) {
        scored.delete(ofSplit.split.index);
        clocks.delete(ofSplit.split.index);
      }
    }
  };
  /**
   * Tries until a thread comes back; documents on which threads die are set aside, so that the rest of the split goes
   * on.
   */
  const inPool = async (task: Task, extra: object = {}): Promise<TaskResult> => {
    const aside: WatchedTask['aside'][number][] = [];
    const ofSplit = asSplit(task);
    for (let attempt = 1; ; attempt++) {
      const result = await once(task, { ...extra, aside });
      if (!('death' in result)) return result;
      const found = ofSplit && result.at.row === WHOLE ? await culprits(ofSplit, result, { ...extra, aside }) : [];
      if (ofSplit && found.length > 0) {
        attempt = 0;
        aside.push(...found);
        if (aside.length > MAX_DEATHS && !options.allow.quarantine)
          throw tooManyDeaths(ofSplit, aside[aside.length - 1]);
      }
      if (attempt > RETRIES) throw diedAgain(task, result.death, attempt);
      on.retry({ task: nameOf(task), cause: result.death.cause, attempt: Math.max(1, attempt), attempts: RETRIES });
    }
  };
  /** Documents of the batch at which a thread died on which one dies alone; none when that was an accident. */
  const culprits = async (task: SplitTask, { at }: Died, extra: object): Promise<WatchedTask['aside'][number][]> => {
    const found: WatchedTask['aside'][number][] = [];
    for (let from = 0; found.length <= MAX_DEATHS || options.allow.quarantine; ) {
      const result = await once(task, { ...extra, probe: { batch: at.batch, from } });
      if (!('death' in result) || result.at.batch !== at.batch || result.at.row < from) break;
      found.push(deadRow(task, result));
      from = result.at.row + 1;
    }
    return found;
  };
  const models = budget.charge(0, 'models');
  /** What model workers hold is taken from the memory of splits, as long as one of these fits. */
  const countModels = (bytes: number): number => {
    const counted = Math.min(modelWorkers * bytes, Math.max(0, options.memory - SPLIT_BYTES));
    models.resize(counted);
    return counted;
  };
  const split = async (task: SplitTask, limit: number | null): Promise<TaskResult> => {
    const rest = options.memory - countModels(await modelBytes(task.phase.steps));
    const lease = await budget.acquire(Math.min(rest, bytesOf(task) + held), `split ${task.split.index}`, signal);
    try {
      const extra = { limit, samplePercent: options.samplePercent, allowFailures: options.allow.quarantine };
      return await inPool(task, extra);
    } finally {
      lease.release();
    }
  };
  const watched = (work: Promise<TaskResult>): Promise<TaskResult> => {
    inWork.add(work);
    const done = (): boolean => inWork.delete(work);
    work.then(done, done);
    return work;
  };
  return {
    split: (task, limit) => watched(split(task, limit)),
    task: (task) => watched(inPool(task)),
    generators: () => services.generators(),
    filters: () => services.filters(),
    async close() {
      closing.abort(new Error('the run has ended'));
      await pool.close();
      // A function of the user may never come back, and a model worker is let out of its run.
      const patience = new AbortController();
      // Rejects only when it is aborted, two lines below.
      const late = delay(CLOSE_MS, null, { signal: patience.signal }).catch(() => {});
      await Promise.race([Promise.allSettled([...inWork, services.close()]), late]);
      patience.abort();
    },
  };
}

/** Bytes that a split takes while it is worked on. */
const bytesOf = ({ split, files, read }: SplitTask): number =>
  splitBytesOf(
    split.ranges.map((r) => files[r.file]),
    read.maxLineBytes,
  );

function errorFrom({ error }: TaskError): Error {
  if (error.parts) return errorFromData(error);
  const wrapped = new InvariantError({
    expected: 'a task to finish',
    got: `${error.name}: ${error.message}`,
    fix: 'Please report this with the recipe.',
  });
  wrapped.stack = error.stack ?? wrapped.stack;
  return wrapped;
}

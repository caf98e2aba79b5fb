import { availableParallelism } from 'node:os';
import type { Executor, ExecutorName, ExecutorRuntime } from '../../models/executors/executor.ts';
import { pickExecutor } from '../../models/executors/pick-executor.ts';
import { processorClass } from '../../models/executors/processor.ts';
import type { Scores } from '../../models/scorers/scorer.ts';
import { type ErrorData, errorFromData } from '../../thread-errors.ts';
import { workerPool } from '../../threads.ts';
import type { ScoringSpec } from './score-here.ts';
import { type TextsToScore, textBuffers } from './score-parts.ts';
import { CANCELLED, type ScoreFlags, SHARE, scoreFlags, WHOLE_SHARE } from './scoring-flags.ts';
import type { ScoreTask } from './scoring-worker.ts';
import { slots } from './slots.ts';

export interface ScoringOptions {
  /** Given what tells the share of the work done, 0 to 1, at any time. */
  readonly watch?: (share: () => number) => void;
  /** Aborted: parts that wait are not begun, those in work end after the run of the model they are in. */
  readonly signal?: AbortSignal;
}

/** Model workers. A thread in the middle of a run of a model is never ended: that would take the process with it. */
export interface ScoringPool {
  /** Scores of every part; their buffers go to the workers. */
  score(spec: ScoringSpec, parts: readonly TextsToScore[], options?: ScoringOptions): Promise<Scores[]>;
  /** Cancels what is in work, and ends the threads once they are out of it. */
  close(): Promise<void>;
}

/** A pool of model workers, one thread each; idle threads end by themselves. */
export function openScoringPool(workers: number): ScoringPool {
  const threads = workerPool(new URL('./scoring-worker', import.meta.url), { workers, idleTimeoutMs: 5_000 });
  const inSlot = slots(workers);
  const closing = new AbortController();
  const inWork = new Set<Promise<unknown>>();
  const scoreOne = async (spec: ScoreTask['spec'], texts: TextsToScore, flags: ScoreFlags): Promise<Scores> => {
    const task: ScoreTask = { spec, texts, flags };
    const result: Scores | { readonly error: ErrorData } = await threads.run(task, {
      transferList: textBuffers([texts]),
    });
    if ('error' in result) throw errorFromData(result.error);
    Atomics.store(flags, SHARE, WHOLE_SHARE);
    return result;
  };
  return {
    async score(spec, parts, { watch, signal: left } = {}) {
      const signal = left ? AbortSignal.any([left, closing.signal]) : closing.signal;
      signal.throwIfAborted();
      const works = parts.map((texts) => ({ texts, bytes: texts.bytes, flags: scoreFlags() }));
      watch?.(shareOf(works.map(({ bytes, flags }) => ({ bytes, flags }))));
      if (parts.length === 0) return [];
      const executor = (await executorOf(spec.executor)).name;
      const cancel = (): void => {
        for (const { flags } of works) Atomics.store(flags, CANCELLED, 1);
      };
      signal.addEventListener('abort', cancel, { once: true });
      try {
        return await Promise.all(
          works.map(({ texts, flags }) => {
            const work = inSlot(() => scoreOne({ ...spec, executor }, texts, flags), signal);
            inWork.add(work);
            const done = (): boolean => inWork.delete(work);
            work.then(done, done);
            return work;
          }),
        );
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    },
    async close() {
      closing.abort(new Error('the pool of model workers is closed'));
      await Promise.allSettled(inWork);
      await threads.destroy();
    },
  };
}

const picked = new Map<string, Promise<Executor>>();
let shared: ScoringPool | null = null;

/** The pool of plain `.pipe()`s, one for the process: as many workers as there are cores. */
export function sharedScoringPool(): ScoringPool {
  shared ??= openScoringPool(availableParallelism());
  return shared;
}

/** Made here, so that whoever keeps it does not keep the batch with its text. */
function shareOf(parts: readonly { readonly bytes: number; readonly flags: ScoreFlags }[]): () => number {
  if (parts.length === 0) return () => 1;
  const all = parts.reduce((n, { bytes }) => n + bytes, 0);
  return () => parts.reduce((n, { bytes, flags }) => n + bytes * (Atomics.load(flags, SHARE) / WHOLE_SHARE), 0) / all;
}

/** Picked once for the process, so that all workers compute alike. */
function executorOf(name: ExecutorName | 'auto'): Promise<Executor> {
  const key = `${name} ${process.env.SLUICE_EXECUTOR}`;
  let found = picked.get(key);
  if (found === undefined) {
    found = pickExecutor(name, { threads: 1 }).then(({ executor }) => executor);
    picked.set(key, found);
    // Who asked gets the error; who comes next tries again.
    found.catch(() => picked.delete(key));
  }
  return found;
}

/** What computed the scores of a step: with the model's hash, all that decides their last digits. */
export interface ExecutorRecord extends ExecutorRuntime {
  readonly step: string;
  readonly executor: ExecutorName;
  readonly processor: string;
}

/** The record of what model workers will use for a step. Errors: ConfigError when no runtime works. */
export async function executorRecord(step: string, name: ExecutorName | 'auto'): Promise<ExecutorRecord> {
  const executor = await executorOf(name);
  return { step, executor: executor.name, ...executor.runtime, processor: processorClass() };
}

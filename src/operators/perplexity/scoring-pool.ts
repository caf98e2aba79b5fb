import { availableParallelism } from 'node:os';
import type { Piscina } from 'piscina';
import { ConfigError, SluiceError } from '../../errors.ts';
import type { Executor, ExecutorName, ExecutorRuntime } from '../../models/executors/executor.ts';
import { checkedExecutor, pickExecutor } from '../../models/executors/pick-executor.ts';
import { processorClass } from '../../models/executors/processor.ts';
import { readTrainedOn } from '../../models/folders/trained-on.ts';
import { neuralScorer } from '../../models/scorers/neural-scorer.ts';
import { emptyScores, type Scorer, type Scores } from '../../models/scorers/scorer.ts';
import { loadScoringModel, modelFolderInfo } from '../../models/scorers/scoring-model.ts';
import { type BatchParts, DocumentBatch } from '../../streams/batch/batch.ts';
import { workerPool } from '../../threads.ts';
import { type FreshRows, freshRows, withTrainedOn } from './fresh-rows.ts';
import { scoreParts, together } from './score-parts.ts';

/** Which model scores, and how; plain data. */
export interface ScoringSpec {
  readonly folder: string;
  /** Of the model when the step was made: another one is refused. */
  readonly hash: string;
  readonly executor: ExecutorName | 'auto';
  readonly context: number | null;
  readonly overlap: number | null;
  readonly maxTokens: number | null;
  readonly scoreTrainedOn: boolean;
}

/** What crosses to a worker: the columns that scoring reads. */
export interface ScoreTask {
  readonly spec: ScoringSpec & { readonly executor: ExecutorName };
  readonly parts: BatchParts;
  readonly scope: Uint8Array;
  readonly done: ShareDone;
}

/** One number that a worker raises from 0 to `ALL_DONE`, and this thread reads while the worker computes. */
type ShareDone = Int32Array<SharedArrayBuffer>;
const ALL_DONE = 1_000_000;

interface ThreadScorer {
  readonly scorer: Scorer;
  readonly fresh: FreshRows;
}

const opened = new Map<string, Promise<ThreadScorer>>();

async function openScorer(spec: ScoringSpec): Promise<ThreadScorer> {
  const info = modelFolderInfo(spec.folder);
  if (info.hash !== spec.hash)
    throw new ConfigError({
      expected: `the model with hash ${spec.hash}`,
      got: info.hash,
      where: spec.folder,
      fix: 'It changed since the run began. Restore the old one, or start over with --fresh.',
    });
  // Before there is a session that an error would leave open.
  const fresh = await freshRowsOf(spec);
  const executor =
    spec.executor === 'auto'
      ? (await pickExecutor('auto')).executor
      : await checkedExecutor(spec.executor, { threads: 1 });
  const scorer = await neuralScorer({
    ...(await loadScoringModel(info)),
    name: info.name,
    hash: info.hash,
    start: info.start,
    executor,
    context: spec.context ?? undefined,
    overlap: spec.overlap ?? undefined,
    maxTokens: spec.maxTokens ?? undefined,
  });
  return { scorer, fresh };
}

/** Finds the rows that a step scores: those that its model was not trained on. */
export async function freshRowsOf(spec: ScoringSpec): Promise<FreshRows> {
  const { trainedOn } = modelFolderInfo(spec.folder);
  if (trainedOn === null || spec.scoreTrainedOn) return (_, scope) => scope;
  return freshRows(await readTrainedOn(trainedOn.list), trainedOn.groupBy);
}

/** Scores the rows of a batch in the thread that calls it; the model stays open. */
export async function scoreHere(
  spec: ScoringSpec,
  batch: DocumentBatch,
  scope: Uint8Array,
  onProgress?: (share: number) => void,
): Promise<Scores> {
  if (!scope.includes(1)) return emptyScores(batch.rows);
  const key = JSON.stringify(spec);
  let open = opened.get(key);
  if (open === undefined) {
    open = openScorer(spec);
    opened.set(key, open);
    open.catch(() => opened.delete(key));
  }
  const { scorer, fresh } = await open;
  const wanted = fresh(batch, scope);
  return withTrainedOn(await scorer.score(batch.utf8('text'), wanted, onProgress), scope, wanted);
}

let pool: Piscina | null = null;
let inWork = 0;
const picked = new Map<string, Promise<Executor>>();

export interface ScoringPool {
  /** @param watch given what tells the share of the work done, 0 to 1, at any time */
  score(batch: DocumentBatch, scope: Uint8Array, watch?: (share: () => number) => void): Promise<Scores>;
}

/**
 * The pool of model workers: as many as there are cores, one thread each. Its idle threads end by themselves; a thread
 * in the middle of a run is never ended.
 */
export function scoringPool(spec: ScoringSpec): ScoringPool {
  pool ??= workerPool(new URL('./scoring-worker', import.meta.url), {
    workers: availableParallelism(),
    idleTimeoutMs: 5_000,
  });
  const shared = pool;
  return {
    async score(batch, scope, watch) {
      if (!scope.includes(1)) {
        watch?.(allDone);
        return emptyScores(batch.rows);
      }
      const executor = (await executorOf(spec.executor)).name;
      const { rows, split, sequence } = batch;
      const columns = new Map((['text', 'metadata'] as const).map((name) => [name, batch.utf8(name)]));
      const parts = scoreParts(scope, batch.utf8('text').offsets).map((part) => ({
        ...part,
        done: new Int32Array(new SharedArrayBuffer(4)),
      }));
      watch?.(shareOf(parts.map(({ bytes, done }) => ({ bytes, done }))));
      const results = await Promise.all(
        parts.map(async ({ scope: wanted, done }) => {
          const batchParts = { rows, split, sequence, columns };
          const scores = await run(shared, { spec: { ...spec, executor }, parts: batchParts, scope: wanted, done });
          Atomics.store(done, 0, ALL_DONE);
          return scores;
        }),
      );
      return parts.length === 1 ? results[0] : together(parts, results);
    },
  };
}

const allDone = (): number => 1;

/** Made here, so that whoever keeps it does not keep the batch with its text. */
function shareOf(parts: readonly { readonly bytes: number; readonly done: ShareDone }[]): () => number {
  const all = parts.reduce((n, { bytes }) => n + bytes, 0);
  return () => parts.reduce((n, { bytes, done }) => n + bytes * (Atomics.load(done, 0) / ALL_DONE), 0) / all;
}

async function run(workers: Piscina, task: ScoreTask): Promise<Scores> {
  inWork++;
  try {
    const result = (await workers.run(task)) as Scores | Refused;
    if ('refused' in result) throw Object.assign(new SluiceError(result.code, result.refused), { name: result.name });
    return result;
  } finally {
    inWork--;
  }
}

/** Batches that model workers are at; while there are any, the process must not end by force. */
export const batchesInWork = (): number => inWork;

/** Picked once for the process, so that all workers compute alike. */
function executorOf(name: ExecutorName | 'auto'): Promise<Executor> {
  const key = `${name} ${process.env.SLUICE_EXECUTOR}`;
  let found = picked.get(key);
  if (found === undefined) {
    found = pickExecutor(name, { threads: 1 }).then(({ executor }) => executor);
    picked.set(key, found);
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

/** An error for people, as it crosses a thread. */
interface Refused {
  readonly code: string;
  readonly name: string;
  readonly refused: SluiceError['parts'];
}

/** Task of a worker; errors for people come back as data. */
export async function scoreTask({ spec, parts, scope, done }: ScoreTask): Promise<Scores | Refused> {
  const onProgress = (share: number): void => void Atomics.store(done, 0, Math.floor(share * ALL_DONE));
  try {
    return await scoreHere(spec, new DocumentBatch(parts), scope, onProgress);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { code: error.code, name: error.name, refused: { ...error.parts, cause: undefined } };
  }
}

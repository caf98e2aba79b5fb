import { ConfigError } from '../../errors.ts';
import type { ExecutorName } from '../../models/executors/executor.ts';
import { checkedExecutor, pickExecutor } from '../../models/executors/pick-executor.ts';
import { readTrainedOn } from '../../models/folders/trained-on.ts';
import { neuralScorer } from '../../models/scorers/neural-scorer.ts';
import { emptyScores, type Scorer, type Scores } from '../../models/scorers/scorer.ts';
import { loadScoringModel, modelFolderInfo } from '../../models/scorers/scoring-model.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { type FreshRows, freshRows, withTrainedOn } from './fresh-rows.ts';

/** Which model scores, and how; plain data. */
export interface ScoringSpec {
  readonly folder: string;
  /** Of the model when the step was made: another one is refused. */
  readonly hash: string;
  readonly executor: ExecutorName | 'auto';
  /** Id before the first token of a document; `auto`: that of the model. */
  readonly start: number | 'auto' | 'none';
  readonly context: number | null;
  readonly overlap: number | null;
  readonly maxTokens: number | null;
  readonly scoreTrainedOn: boolean;
}

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
    start: spec.start === 'auto' ? info.start : spec.start === 'none' ? null : spec.start,
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
    // The error is that of the line below; the next batch tries again.
    open.catch(() => opened.delete(key));
  }
  const { scorer, fresh } = await open;
  const wanted = fresh(batch, scope);
  return withTrainedOn(await scorer.score(batch.utf8('text'), wanted, onProgress), scope, wanted);
}

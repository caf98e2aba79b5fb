import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Executor } from '../../models/executors/executor.ts';
import { readTrainedOn, type TrainedOn } from '../../models/folders/trained-on.ts';
import { loadNgram } from '../../models/ngram/file.ts';
import { ngramScorer } from '../../models/ngram/scorer.ts';
import { neuralScorer } from '../../models/scorers/neural-scorer.ts';
import type { Scorer } from '../../models/scorers/scorer.ts';
import { loadScoringModel, modelFolderInfo } from '../../models/scorers/scoring-model.ts';
import { modelFolder } from '../../run/train/base-model.ts';

/** A model that is evaluated, and what it was trained on where it says so. */
export interface EvaluatedModel {
  readonly scorer: Scorer;
  readonly trainedOn: TrainedOn | null;
}

/**
 * `prose` (the model that ships), a model folder, the folder of a training with a model in it, or the file of an n-gram
 * model. Errors: ConfigError.
 */
export async function openEvaluated(given: string, executor: () => Promise<Executor>): Promise<EvaluatedModel> {
  const path = modelFolder(given);
  if (existsSync(path) && statSync(path).isFile()) {
    const { model, hash } = await loadNgram(path);
    return { scorer: ngramScorer(model, hash), trainedOn: null };
  }
  const inside = join(path, 'model');
  const info = modelFolderInfo(!existsSync(join(path, 'config.json')) && existsSync(inside) ? inside : path);
  const scorer = await neuralScorer({ ...info, ...(await loadScoringModel(info)), executor: await executor() });
  const trainedOn = info.trainedOn === null ? null : await readTrainedOn(info.trainedOn.list);
  return { scorer: { ...scorer, name: basename(path) }, trainedOn };
}

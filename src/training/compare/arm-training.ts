import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Executor } from '../../models/executors/executor.ts';
import type { LanguageModel } from '../../models/language-model.ts';
import { neuralScorer } from '../../models/scorers/neural-scorer.ts';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../checkpoint.ts';
import type { ClozeItem } from '../forgetting/items.ts';
import { type ChoiceBits, choiceBits, type DocumentBits, documentBits } from '../forgetting/measures.ts';
import { trainSteps } from '../loop.ts';
import { cosine, rewarm } from '../schedules.ts';
import type { TrainingSource } from '../sequences.ts';
import { readPart, writePart } from './folder.ts';
import type { ComparedDocument } from './hold-out.ts';
import type { Vocabulary } from './samples.ts';

/** What one training came to. */
export interface ArmResult {
  readonly arm: number;
  readonly seed: number;
  readonly documents: DocumentBits;
  readonly items: readonly ChoiceBits[];
  /** Mean over all steps, in nats a token. */
  readonly trainLoss: number;
  readonly executor: string;
}

/** One training of a comparison. */
export interface ArmTraining {
  readonly arm: number;
  readonly seed: number;
  readonly model: LanguageModel;
  readonly vocabulary: Vocabulary;
  readonly source: TrainingSource;
  readonly steps: number;
  readonly learningRate: number;
  /** True: the model was trained before, so that its rate is warmed up again. */
  readonly trainedBefore: boolean;
  readonly documents: readonly ComparedDocument[];
  readonly items: readonly ClozeItem[];
  /** Its own: checkpoint and result. */
  readonly folder: string;
  readonly executor: Executor;
  readonly stop?: AbortSignal;
}

export type ArmEvent =
  | { readonly type: 'step'; readonly step: number; readonly loss: number; readonly tokensPerSecond: number }
  | { readonly type: 'result'; readonly result: ArmResult }
  | { readonly type: 'halted'; readonly step: number };

/** Checkpoints of a training: what a kill costs is a tenth of it at most. */
const CHECKPOINTS = 10;

const resultPath = (folder: string): string => join(folder, 'result.json');

/** The result of a training that has ended; null: it has not. */
export const readResult = (folder: string): Promise<ArmResult | null> => readPart<ArmResult>(resultPath(folder));

/** Trains, measures and keeps the result; goes on from the checkpoint in its folder. */
export async function* trainArm(training: ArmTraining, left: AbortSignal): AsyncGenerator<ArmEvent> {
  const { arm, seed, model, executor, source, steps, folder, stop } = training;
  const path = join(folder, 'checkpoint.safetensors');
  const warmup = 0.05;
  const options = {
    model,
    executor,
    source,
    steps,
    learningRate: training.learningRate,
    schedule: training.trainedBefore ? rewarm({ warmup }) : cosine({ warmup }),
    start: training.vocabulary.start,
    from: await checkpointIfThere(path),
    save: (checkpoint: Checkpoint) => writeCheckpoint(path, checkpoint),
    saveEvery: Math.max(20, Math.ceil(steps / CHECKPOINTS)),
    stop,
  };
  for await (const event of trainSteps(options, left)) {
    if (event.type === 'step') {
      yield { type: 'step', step: event.step, loss: event.loss, tokensPerSecond: event.tokensPerSecond };
    } else if (event.type === 'stopped') yield { type: 'halted', step: event.step };
    else if (event.type === 'ended') {
      const measured = await measure(event.model, training);
      const trainLoss = event.progress.lossSum / event.progress.lossSteps;
      const result = { arm, seed, ...measured, trainLoss, executor: executor.description };
      await writePart(resultPath(folder), result);
      await rm(path, { force: true });
      yield { type: 'result', result };
    }
  }
}

async function measure(
  model: LanguageModel,
  { vocabulary, executor, documents, items }: ArmTraining,
): Promise<Pick<ArmResult, 'documents' | 'items'>> {
  const scorer = await neuralScorer({ name: 'compared', hash: '', model, ...vocabulary, executor });
  try {
    return { documents: await documentBits(scorer, documents), items: await choiceBits(scorer, items) };
  } finally {
    await scorer.close?.();
  }
}

async function checkpointIfThere(path: string): Promise<Checkpoint | null> {
  return readCheckpoint(path).catch((error: Error) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return null;
    throw error;
  });
}

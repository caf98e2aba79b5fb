import { readModelConfig } from '../../models/folders/hugging-face.ts';
import { parameterCount } from '../../models/new-model.ts';
import type { ModelSize } from '../../models/scorers/neural-scorer.ts';
import type { Scores } from '../../models/scorers/scorer.ts';
import { scoringSpec } from '../../operators/perplexity/perplexity-stage.ts';
import type { ScoringSpec } from '../../operators/perplexity/score-here.ts';
import type { TextsToScore } from '../../operators/perplexity/score-parts.ts';
import type { ScoringOptions, ScoringPool } from '../../operators/perplexity/scoring-pool.ts';
import type { StepDescriptor } from '../../streams/operator.ts';

/** The model workers of a run. */
export interface Models {
  score(step: StepDescriptor, parts: readonly TextsToScore[], options: ScoringOptions): Promise<Scores[]>;
  close(): Promise<void>;
}

/** Model workers, opened when the first text comes. @param workers threads at most */
export function openModels(workers: number): Models {
  let pool: Promise<ScoringPool> | null = null;
  return {
    async score(step, parts, options) {
      pool ??= import('../../operators/perplexity/scoring-pool.ts').then((m) => m.openScoringPool(workers));
      return (await pool).score(scoringSpec(step), parts, options);
    },
    async close() {
      await (await pool)?.close();
    },
  };
}

/**
 * Model workers that a run has: no more than it has workers, nor than its memory has room for, but one at least.
 * @param bytes that one holds, as `modelBytes` says
 */
export const modelWorkersOf = (workers: number, memory: number, bytes: number): number =>
  Math.max(1, Math.min(workers, bytes === 0 ? workers : Math.floor(memory / bytes)));

/** Bytes that one worker holds at most for the models of some steps. */
export async function modelBytes(steps: readonly StepDescriptor[]): Promise<number> {
  const models = steps.filter((s) => s.models);
  if (models.length === 0) return 0;
  const { scorerBytes } = await import('../../models/scorers/neural-scorer.ts');
  return models.reduce((n, s) => n + scorerBytes(sizeOf(scoringSpec(s))), 0);
}

function sizeOf({ folder, context }: ScoringSpec): ModelSize {
  const config = readModelConfig(folder);
  return {
    weightBytes: 4 * parameterCount(config),
    vocabulary: config.vocabulary,
    context: Math.min(config.context, context ?? config.context),
  };
}

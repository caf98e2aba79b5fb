import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Scores } from '../../models/scorers/scorer.ts';
import { scoringSpec } from '../../operators/perplexity/perplexity-stage.ts';
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

/** Bytes that one worker holds at most for the models of some steps. */
export async function modelBytes(steps: readonly StepDescriptor[]): Promise<number> {
  const models = steps.filter((s) => s.models);
  if (models.length === 0) return 0;
  const { scorerBytes } = await import('../../models/scorers/neural-scorer.ts');
  return models.reduce((n, s) => n + scorerBytes(weightBytes(scoringSpec(s).folder)), 0);
}

/** Size of the weights of a model on disk. */
function weightBytes(folder: string): number {
  return readdirSync(folder)
    .filter((f) => f.endsWith('.safetensors'))
    .reduce((n, f) => n + statSync(join(folder, f)).size, 0);
}

import { fileURLToPath } from 'node:url';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { rowsInScope, type Stage, type StepDescriptor } from '../../streams/operator.ts';
import { perplexityColumnsOf } from '../annotators/perplexity-columns.ts';
import { type ScoringSpec, scoreHere } from './scoring-pool.ts';

/** The model that ships with Sluice. */
const DEFAULT_MODEL = new URL('../../../models/prose/', import.meta.url);

/** Folder of the model that a step asks for. */
export const modelFolder = (model: string | null): string => model ?? fileURLToPath(DEFAULT_MODEL);

interface PerplexityOptions extends Omit<ScoringSpec, 'folder' | 'hash'> {
  readonly model: string | null;
  readonly as: string;
}

/** What a worker has to know to score for a step. */
export function scoringSpec({ options, versions }: StepDescriptor): ScoringSpec {
  const { model, as: _, ...how } = options as unknown as PerplexityOptions;
  const hash = versions[1].split(' ').at(-1)!;
  return { folder: modelFolder(model), hash, ...how };
}

type Score = (spec: ScoringSpec, batch: DocumentBatch, scope: Uint8Array) => ReturnType<typeof scoreHere>;

/** The batch with the scores that `score` gives it. */
export async function withScores(
  descriptor: StepDescriptor,
  batch: DocumentBatch,
  score: Score,
): Promise<DocumentBatch> {
  const scope = rowsInScope(batch, descriptor.where);
  const scores = await score(scoringSpec(descriptor), batch, scope);
  return batch.withColumns(perplexityColumnsOf(descriptor.options.as as string, scores, scope, { cached: true }));
}

/** The step in the thread that calls it: for tests and small runs. */
export function stage(descriptor: StepDescriptor): Stage {
  return { apply: (batch) => withScores(descriptor, batch, scoreHere) };
}

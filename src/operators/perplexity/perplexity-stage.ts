import { fileURLToPath } from 'node:url';
import type { Scores } from '../../models/scorers/scorer.ts';
import { DocumentBatch } from '../../streams/batch/batch.ts';
import { originalBytes } from '../../streams/commits/counting.ts';
import { rowsInScope, type Stage, type StepDescriptor } from '../../streams/operator.ts';
import { perplexityColumnsOf } from '../annotators/perplexity-columns.ts';
import type { StageContext } from '../stage-context.ts';
import type { ScoringSpec } from './score-here.ts';
import { type ScoreRequest, scoreParts, textBuffers, textsOf, together } from './score-parts.ts';

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

/** Scores the parts of a batch; an entry a row of each. */
export type ScoreTexts = (request: ScoreRequest) => Promise<readonly Scores[]>;

/** The batch with the scores that `score` gives it. */
export async function withScores(d: StepDescriptor, batch: DocumentBatch, score: ScoreTexts): Promise<DocumentBatch> {
  const scope = rowsInScope(batch, d.where);
  const parts = scoreParts(scope, batch.utf8('text').offsets);
  const batchBytes = originalBytes(batch).reduce((n, b) => n + b, 0);
  const results = await score({ sequence: batch.sequence, batchBytes, parts: textsOf(batch, parts) });
  const scores = together(batch.rows, parts, results);
  return batch.withColumns(perplexityColumnsOf(d.options.as as string, scores, scope, { cached: true }));
}

/** The step in a worker, which asks for model workers; where nobody can be asked, the model runs in this thread. */
export function stage(descriptor: StepDescriptor, { services }: StageContext): Stage {
  const ask: ScoreTexts = (request) =>
    services?.call('model', descriptor.step, request, textBuffers(request.parts)) ?? scoredHere(descriptor, request);
  return { apply: (batch) => withScores(descriptor, batch, ask) };
}

async function scoredHere(descriptor: StepDescriptor, { parts }: ScoreRequest): Promise<Scores[]> {
  const { scoreHere } = await import('./score-here.ts');
  const scores: Scores[] = [];
  for (const { rows, columns } of parts) {
    const batch = new DocumentBatch({ rows, columns, split: 0, sequence: 0 });
    scores.push(await scoreHere(scoringSpec(descriptor), batch, new Uint8Array(rows).fill(1)));
  }
  return scores;
}

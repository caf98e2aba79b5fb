import type { ExecutorName } from '../../models/executors/executor.ts';
import type { Scores } from '../../models/scorers/scorer.ts';
import { DocumentBatch } from '../../streams/batch/batch.ts';
import { type ErrorData, errorData } from '../../thread-errors.ts';
import { type ScoringSpec, scoreHere } from './score-here.ts';
import type { TextsToScore } from './score-parts.ts';
import { CANCELLED, type ScoreFlags, SHARE, WHOLE_SHARE } from './scoring-flags.ts';

/** What crosses to a worker. */
export interface ScoreTask {
  readonly spec: ScoringSpec & { readonly executor: ExecutorName };
  readonly texts: TextsToScore;
  readonly flags: ScoreFlags;
}

/** Worker entry of the model pool. Errors come back as data. Between two runs of the model it sees a cancellation. */
export default async function scoreTask({
  spec,
  texts: { rows, columns },
  flags,
}: ScoreTask): Promise<Scores | { readonly error: ErrorData }> {
  const onProgress = (share: number): void => {
    Atomics.store(flags, SHARE, Math.floor(share * WHOLE_SHARE));
    if (Atomics.load(flags, CANCELLED) === 1) throw new Error('nobody waits for these scores any more');
  };
  try {
    const batch = new DocumentBatch({ rows, columns, split: 0, sequence: 0 });
    return await scoreHere(spec, batch, new Uint8Array(rows).fill(1), onProgress);
  } catch (error) {
    return { error: errorData(error) };
  }
}

import type { TrainedOn } from '../../models/folders/trained-on.ts';
import type { Scores } from '../../models/scorers/scorer.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { groupHasher } from '../../streams/inputs/groups.ts';

/** One byte a row of `scope`: 0 also where a model was trained on the document. */
export type FreshRows = (batch: DocumentBatch, scope: Uint8Array) => Uint8Array;

/** Finds documents whose text or group a model was trained on. */
export async function freshRows(list: TrainedOn, groupBy: string): Promise<FreshRows> {
  const hashes = await groupHasher(groupBy);
  return (batch, scope) =>
    scope.map((wanted, row) => {
      if (wanted === 0) return 0;
      const { group, text, original } = hashes(batch, row);
      return list.has(group) || list.has(text) || list.has(original) ? 0 : 1;
    });
}

/** Scores with the reason `trained_on` in the rows that were wanted but are not fresh. */
export function withTrainedOn(scores: Scores, scope: Uint8Array, fresh: Uint8Array): Scores {
  const reason = scores.reason.map((r, i) => (scope[i] === 1 && fresh[i] === 0 ? 'trained_on' : r));
  return { ...scores, reason };
}

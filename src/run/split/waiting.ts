import { SluiceError } from '../../errors.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { positionLabel } from '../../streams/batch/position.ts';

/** Documents of a split that a stage had no answer for; a later start tries them again. */
export interface Waiting {
  readonly documents: number;
  /** Of the first: its position, and the reason that its stage gave. */
  readonly position: string;
  readonly reason: string;
}

/** The documents of a batch that wait, added to those of the batches before it; null while there are none. */
export function waitingAfter(before: Waiting | null, batch: DocumentBatch): Waiting | null {
  let waiting = before;
  batch.retry?.forEach((reason, row) => {
    if (reason === null) return;
    waiting = waiting
      ? { ...waiting, documents: waiting.documents + 1 }
      : { documents: 1, position: positionLabel(batch, row), reason };
  });
  return waiting;
}

/**
 * What ends a run in which splits wait. They are not committed, so the next start does them again; all others are.
 * A stage keeps what it has paid for by itself.
 */
export function waitingError(splits: readonly Waiting[], run: string): SluiceError {
  const documents = splits.reduce((n, s) => n + s.documents, 0);
  const [first] = splits;
  return new SluiceError('waiting', {
    expected: 'an outcome for every document',
    got: `${documents} without one in ${splits.length} of the splits; the first: ${first.position} (${first.reason})`,
    where: run,
    fix: fixOf(first.reason),
  });
}

/** What a server refuses for good is refused again: then the command, or the key, has to change. */
function fixOf(reason: string): string {
  const then = 'then run again: only those splits are done again.';
  if (/: key \(status \d/.test(reason))
    return `Check the key in SLUICE_API_KEY, or in the variable that the option key_from of the step names; ${then}`;
  if (/: setup \(status \d/.test(reason))
    return `Check the model and the address of the server (--model, --endpoint); ${then}`;
  return 'Run the same command again: only those splits are done again.';
}

import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { numberAt, stringAt } from '../../streams/batch/columns.ts';

/** Label of a document: `file#block.offset`, unique in a run. */
export function positionLabel(batch: DocumentBatch, row: number): string {
  const number = (name: string): number => numberAt(batch.number(name), row) ?? 0;
  return `${stringAt(batch.utf8('file'), row)}#${number('block')}.${number('offset')}`;
}

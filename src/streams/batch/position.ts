import type { DocumentBatch } from './batch.ts';
import { doublesOf, numberAt, stringAt, type Utf8Column, utf8Column } from './columns.ts';
import { DERIVED } from './lineage.ts';

/** Where a document stands in the input; unique in a run. `derived` as in the column: null for what was read. */
export interface Position {
  readonly file: string;
  readonly block: number;
  readonly offset: number;
  readonly derived?: string | null;
}

/** `file#block.offset`, and `+number` of a created document: the identity of a document, as text. */
export const labelOf = ({ file, block, offset, derived }: Position): string =>
  `${file}#${block}.${offset}${derived ? `+${derived}` : ''}`;

/** The label of a row. */
export function positionLabel(batch: DocumentBatch, row: number): string {
  const number = (name: string): number => numberAt(batch.number(name), row) ?? 0;
  const derived = batch.columns.has(DERIVED) ? stringAt(batch.utf8(DERIVED), row) : null;
  return labelOf({
    file: stringAt(batch.utf8('file'), row) ?? '',
    block: number('block'),
    offset: number('offset'),
    derived,
  });
}

/** The labels of all rows. */
export function positionLabels(batch: DocumentBatch): Utf8Column {
  const [file, block, offset] = [batch.utf8('file'), batch.number('block'), batch.number('offset')];
  const [blocks, offsets] = [doublesOf(block), doublesOf(offset)];
  const derived = batch.columns.has(DERIVED) ? batch.utf8(DERIVED) : null;
  const labels = Array.from({ length: batch.rows }, (_, i) =>
    labelOf({
      file: stringAt(file, i) ?? '',
      block: blocks[i],
      offset: offsets[i],
      derived: derived && stringAt(derived, i),
    }),
  );
  return utf8Column(labels);
}

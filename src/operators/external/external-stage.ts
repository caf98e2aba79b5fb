import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { type FailedDocument, FailedDocuments } from '../../streams/batch/failed-documents.ts';
import { buffersOf, ownColumns, rowsOf } from '../../streams/batch/own-columns.ts';
import { rowsInScope, type Stage, type StepDescriptor } from '../../streams/operator.ts';
import type { StageContext } from '../stage-context.ts';
import { withAnswers } from './answers.ts';
import { type FilterAnswer, type FilterRequest, type Piece, settingsOf } from './request.ts';

/** Asks the processes of the step. */
export type AskFilter = (request: FilterRequest, transfer: readonly ArrayBuffer[]) => Promise<FilterAnswer>;

/** Text of one request at most; a larger document goes alone. */
const MOST_BYTES = 4 * 1024 * 1024;

/** The step in a worker; where nobody can be asked (`sluice plan`) its columns are null. */
export function stage(descriptor: StepDescriptor, { services }: StageContext): Stage {
  const ask: AskFilter | null =
    services && ((request, transfer) => services.call<FilterAnswer>('filter', descriptor.step, request, transfer));
  return {
    apply: (batch) => (ask ? filtered(descriptor, batch, ask) : withAnswers(descriptor, batch, [])),
  };
}

/**
 * The batch as the filter would have it. Errors: FailedDocuments for those it has no answer for, when they are asked
 * about alone; what the service throws.
 */
export async function filtered(d: StepDescriptor, batch: DocumentBatch, ask: AskFilter): Promise<DocumentBatch> {
  const settings = settingsOf(d);
  const failed: FailedDocument[] = [];
  const one = (rows: Int32Array): Promise<FilterAnswer> => {
    const columns = ownColumns(batch, settings.reads, rows);
    return ask({ rows: rows.length, columns }, buffersOf(columns.values()));
  };
  /** By halves, so that one document costs as many requests more as its batch has halves. */
  const search = async (rows: Int32Array): Promise<Piece[]> => {
    let answer = await one(rows);
    if ('failed' in answer && rows.length === 1 && !answer.hung) answer = await one(rows);
    if (!('failed' in answer)) {
      for (const { row, detail } of answer.errors) failed.push({ row: rows[row], detail });
      return [{ rows, answer }];
    }
    if (rows.length === 1) {
      failed.push({ row: rows[0], detail: answer.failed });
      return [];
    }
    // One that has never answered may be no filter at all: one document tells, or another if that is the one at fault.
    if (answer.never && 'failed' in (await one(rows.slice(0, 1)))) await one(rows.slice(-1));
    const half = rows.length >> 1;
    return [...(await search(rows.subarray(0, half))), ...(await search(rows.subarray(half)))];
  };
  const pieces = await Promise.all(
    piecesOf(batch, rowsOf(rowsInScope(batch, d.where)), settings.batchRows).map(search),
  );
  if (failed.length === 0) return withAnswers(d, batch, pieces.flat());
  failed.sort((a, b) => a.row - b.row);
  // Rows that a step of this phase has put between are none of the input: the engine searches.
  if (batch.made?.includes(1)) throw new Error(failed[0].detail);
  throw new FailedDocuments(failed);
}

/** Rows of a request each. */
function piecesOf(batch: DocumentBatch, rows: Int32Array, most: number): Int32Array[] {
  const { offsets } = batch.utf8('text');
  const pieces: Int32Array[] = [];
  let [from, bytes] = [0, 0];
  rows.forEach((row, i) => {
    const own = offsets[row + 1] - offsets[row];
    if (i > from && (i - from >= most || bytes + own > MOST_BYTES)) {
      pieces.push(rows.subarray(from, i));
      [from, bytes] = [i, 0];
    }
    bytes += own;
  });
  if (from < rows.length) pieces.push(rows.subarray(from));
  return pieces;
}

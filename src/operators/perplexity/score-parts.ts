import { emptyScores, type Scores } from '../../models/scorers/scorer.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import type { Column } from '../../streams/batch/columns.ts';
import { buffersOf, ownColumns, rowsOf } from '../../streams/batch/own-columns.ts';

/**
 * Text that one task scores, so that all workers have something to do while there is more than this: seconds of work
 * for a small model.
 */
export const TASK_BYTES = 128 * 1024;

/** Rows of a batch that one task scores. */
export interface ScorePart {
  /** One byte a row of the batch: 1 = of this part. */
  readonly scope: Uint8Array;
  readonly bytes: number;
}

/** Documents that one task scores, all of them, with the columns that scoring reads: text and metadata. */
export interface TextsToScore {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Column>;
  /** Text to score, at least 1. */
  readonly bytes: number;
}

/** What model workers are asked to score of a batch. */
export interface ScoreRequest {
  /** Number of the batch in its split. */
  readonly sequence: number;
  /** Text of the whole batch as it was read, for showing how far a run is. */
  readonly batchBytes: number;
  readonly parts: readonly TextsToScore[];
}

const SCORED_COLUMNS = ['text', 'metadata'];

/** The parts of a batch that are to be scored, in buffers of their own. */
export function textsOf(batch: DocumentBatch, parts: readonly ScorePart[]): TextsToScore[] {
  return parts.map(({ scope, bytes }) => {
    const rows = rowsOf(scope);
    return { rows: rows.length, columns: ownColumns(batch, SCORED_COLUMNS, rows), bytes };
  });
}

export const textBuffers = (parts: readonly TextsToScore[]): ArrayBuffer[] =>
  parts.flatMap(({ columns }) => buffersOf(columns.values()));

/**
 * Consecutive rows in parts of at least `TASK_BYTES` of wanted text: a function of the batch, so that scores do not
 * depend on the workers.
 */
export function scoreParts(scope: Uint8Array, offsets: Int32Array): ScorePart[] {
  const parts: ScorePart[] = [];
  let [bytes, from] = [0, 0];
  const close = (end: number): void => {
    const own = new Uint8Array(scope.length);
    own.set(scope.subarray(from, end), from);
    parts.push({ scope: own, bytes: Math.max(1, bytes) });
    [bytes, from] = [0, end];
  };
  const last = scope.lastIndexOf(1);
  for (let row = 0; row <= last; row++) {
    if (scope[row] === 1) bytes += offsets[row + 1] - offsets[row];
    if (bytes >= TASK_BYTES || row === last) close(row + 1);
  }
  return parts;
}

/** The scores of a batch. @param results of every part, one entry a row that it scored */
export function together(rows: number, parts: readonly ScorePart[], results: readonly Scores[]): Scores {
  const scores = emptyScores(rows);
  const cachedNllSum = scores.nllSum.slice();
  const reason = [...scores.reason];
  parts.forEach(({ scope }, k) => {
    const part = results[k];
    rowsOf(scope).forEach((row, i) => {
      scores.nllSum[row] = part.nllSum[i];
      scores.tokens[row] = part.tokens[i];
      scores.bytes[row] = part.bytes[i];
      scores.bitsPerByteMax[row] = part.bitsPerByteMax[i];
      if (part.cachedNllSum) cachedNllSum[row] = part.cachedNllSum[i];
      reason[row] = part.reason[i];
    });
  });
  return { ...scores, cachedNllSum, reason };
}

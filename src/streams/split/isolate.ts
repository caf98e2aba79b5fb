import { InvariantError, SluiceError } from '../../errors.ts';
import type { DocumentBatch } from '../batch/batch.ts';
import { rowsOfBatch } from '../batch/batch-rows.ts';
import { shownTexts } from '../batch/carried.ts';
import { numberAt, stringAt } from '../batch/columns.ts';
import { FailedDocuments } from '../batch/failed-documents.ts';
import { DERIVED, LINEAGE } from '../batch/lineage.ts';
import type { QuarantinedRecord } from '../batch/outcome.ts';
import { positionLabel } from '../batch/position.ts';
import { excerptOf } from '../formats/context.ts';

/** So many documents of one split may fail in steps, unless the run allows it: more is no accident of the input. */
export const MAX_FAILED = 100;

/** Why a document that was read is set aside: a step threw on it, or the thread that worked on it alone died. */
export type FailureReason = 'step_failed' | 'timeout' | 'crash' | 'out_of_memory';
export const FAILURE_REASONS: readonly FailureReason[] = ['step_failed', 'timeout', 'crash', 'out_of_memory'];

/** A row that no step may see again. */
export interface FailedRow {
  readonly row: number;
  readonly reason: FailureReason;
  readonly step: string;
  /** The step, and what came of it. */
  readonly detail: string;
}

/** What a step threw. */
export class StepError extends Error {
  readonly step: string;
  constructor(step: string, cause: unknown) {
    super(`step ${step}: ${(cause as Error)?.message ?? String(cause)}`, { cause });
    this.name = 'StepError';
    this.step = step;
  }
}

/** Runs all steps of a phase on a batch; throws StepError. */
export type Steps = (batch: DocumentBatch) => Promise<DocumentBatch>;

/**
 * Does an error of a step end the run? Bad configuration, input and output that cannot be read or written, and guards
 * do.
 */
export function endsRun(error: unknown): boolean {
  if (error instanceof SluiceError) return error.code !== 'invariant';
  return (error as NodeJS.ErrnoException)?.syscall !== undefined;
}

/**
 * Runs the steps on a batch; when one throws, finds the rows on which they throw alone, by halves, and runs the steps
 * on the others. Errors: what ends the run; InvariantError when the steps fail on rows together and on none alone;
 * GuardError code over `maxFailed`.
 * @param maxFailed rows that may still fail; null = any number.
 */
export async function isolating(
  batch: DocumentBatch,
  steps: Steps,
  maxFailed: number | null,
): Promise<{ readonly batch: DocumentBatch; readonly failed: readonly FailedRow[] }> {
  try {
    return { batch: await steps(batch), failed: [] };
  } catch (error) {
    if (endsRun((error as StepError).cause)) throw (error as StepError).cause;
    const known = toldBy(error as StepError);
    if (known) return withoutKnown(batch, steps, maxFailed, known);
    const failed: FailedRow[] = [];
    const search = async (rows: Int32Array): Promise<void> => {
      const thrown = await steps(rowsOfBatch(batch, rows)).then(
        () => null,
        (e: StepError) => e,
      );
      if (thrown === null) return;
      if (endsRun(thrown.cause)) throw thrown.cause;
      if (rows.length === 1) {
        failed.push(failureOf(rows[0], thrown));
        if (maxFailed !== null && failed.length > maxFailed) throw tooManyFailed(batch, failed, thrown.step);
        return;
      }
      const half = rows.length >> 1;
      await search(rows.subarray(0, half));
      await search(rows.subarray(half));
    };
    const alive = batch.aliveRows();
    if (alive.length === 1) failed.push(failureOf(alive[0], error as StepError));
    else {
      await search(alive.subarray(0, alive.length >> 1));
      await search(alive.subarray(alive.length >> 1));
    }
    if (failed.length === 0) throw togetherOnly(batch, error as StepError);
    try {
      return { batch: await steps(withoutRows(batch, failed)), failed };
    } catch (again) {
      throw endsRun((again as StepError).cause) ? (again as StepError).cause : togetherOnly(batch, again as StepError);
    }
  }
}

/** The documents that a step has found to fail by itself. */
function toldBy({ step, cause }: StepError): readonly FailedRow[] | null {
  if (!(cause instanceof FailedDocuments)) return null;
  return cause.documents.map(({ row, detail }) => ({
    row,
    reason: 'step_failed',
    step,
    detail: oneLine(`step ${step}: ${detail}`),
  }));
}

/** The steps on all others; which may fail on some of these. */
async function withoutKnown(
  batch: DocumentBatch,
  steps: Steps,
  maxFailed: number | null,
  known: readonly FailedRow[],
): ReturnType<typeof isolating> {
  if (maxFailed !== null && known.length > maxFailed) throw tooManyFailed(batch, known, known[0].step);
  const out = new Set(known.map((f) => f.row));
  const rest = Array.from({ length: batch.rows }, (_, row) => row).filter((row) => !out.has(row));
  const left = maxFailed === null ? null : maxFailed - known.length;
  const done = await isolating(withoutRows(batch, known), steps, left);
  const later = done.failed.map((f) => ({ ...f, row: rest[f.row] }));
  return { batch: done.batch, failed: [...known, ...later].sort((a, b) => a.row - b.row) };
}

/** The batch without some of its rows. */
export function withoutRows(batch: DocumentBatch, failed: readonly { readonly row: number }[]): DocumentBatch {
  if (failed.length === 0) return batch;
  const out = new Set(failed.map((f) => f.row));
  return rowsOfBatch(
    batch,
    Int32Array.from({ length: batch.rows }, (_, i) => i).filter((i) => !out.has(i)),
  );
}

/** A row as a record set aside. Its bytes are those of its text as read. */
export function setAside(
  batch: DocumentBatch,
  { row, reason, step, detail }: FailedRow,
  bytes: number,
): QuarantinedRecord {
  const text = shownTexts(batch);
  return {
    ...placeOf(batch, row),
    bytes,
    reason,
    step,
    detail,
    excerpt: excerptOf(text.values.subarray(text.offsets[row], text.offsets[row + 1])),
    id: stringAt(batch.utf8('id'), row) ?? undefined,
    domain: stringAt(batch.utf8('domain'), row) ?? undefined,
  };
}

function placeOf(batch: DocumentBatch, row: number) {
  const number = (name: string): number => numberAt(batch.number(name), row) ?? 0;
  return {
    file: stringAt(batch.utf8('file'), row) ?? '',
    block: number('block'),
    offset: number('offset'),
    row: number('row'),
    ...lineageOf(batch, row),
  };
}

/** Of a document that a step before a barrier created; nothing of one that was read. */
function lineageOf(batch: DocumentBatch, row: number): Pick<QuarantinedRecord, 'derived' | 'lineage'> {
  const string = (name: string): string | null => (batch.columns.has(name) ? stringAt(batch.utf8(name), row) : null);
  const derived = string(DERIVED);
  if (derived === null) return {};
  return {
    derived,
    lineage: {
      parents: (string(LINEAGE.parents) ?? '').split('\n'),
      generator: string(LINEAGE.generator),
      promptHash: string(LINEAGE.promptHash),
      cost: numberAt(batch.number(LINEAGE.cost), row),
    },
  };
}

const shown = positionLabel;

const failureOf = (row: number, error: StepError): FailedRow => ({
  row,
  reason: 'step_failed',
  step: error.step,
  detail: oneLine(error.message),
});

const oneLine = (message: string): string => message.split('\n', 1)[0].slice(0, 500);

const togetherOnly = (batch: DocumentBatch, error: StepError): InvariantError =>
  new InvariantError({
    expected: `step ${error.step} to handle ${batch.rows} documents together as it does one by one`,
    got: oneLine(error.message),
    where: shown(batch, 0),
    fix: 'A step must not depend on which documents share a batch. Please report this with the recipe.',
    cause: error.cause,
  });

const tooManyFailed = (batch: DocumentBatch, failed: readonly FailedRow[], step: string): SluiceError =>
  new SluiceError('guard', {
    expected: `step ${step} to fail on at most ${MAX_FAILED} documents per split`,
    got: `more failures; the last: ${failed[failed.length - 1].detail}`,
    where: shown(batch, failed[failed.length - 1].row),
    fix: 'Fix the step. To quarantine these documents and go on, give the same command again with --allow-quarantine.',
  });

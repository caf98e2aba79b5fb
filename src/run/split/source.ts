import { join } from 'node:path';
import { loadXxhash } from '../../hash.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import { makeBarrier } from '../../operators/stages.ts';
import { withDecision } from '../../operators/verdicts.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { stringAt } from '../../streams/batch/columns.ts';
import type { QuarantinedRecord } from '../../streams/batch/outcome.ts';
import { labelOf } from '../../streams/batch/position.ts';
import type { UnreadColumn } from '../../streams/batch/unread.ts';
import { type BarrierDecision, readDecided, readDecision } from '../../streams/flow/barrier.ts';
import { type PartDecision, readPart, settledDecision } from '../../streams/flow/parted.ts';
import type { PassedOver } from '../../streams/formats/context.ts';
import type { Seen } from '../../streams/formats/loss.ts';
import { readSplit } from '../../streams/formats/read-split.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { refuseChangedFiles } from '../directory/input-files.ts';
import { barrierPaths } from '../directory/layout.ts';
import type { Carried, LimitedTask } from './tasks.ts';

interface SourceOptions {
  readonly signal?: AbortSignal;
  /** A batch and its views die when the next one is asked for. */
  readonly reuse?: boolean;
  readonly onUnread?: (column: UnreadColumn) => void;
  readonly onPassed?: (passed: PassedOver) => void;
  readonly onSeen?: (seen: Seen) => void;
}

/**
 * The batches that open a phase: read from the input, or let through by the barrier before it.
 */
export async function* openSource(
  task: LimitedTask,
  kernel: Kernel,
  onQuarantine: (record: QuarantinedRecord) => void,
  { signal, reuse, onUnread, onPassed, onSeen }: SourceOptions = {},
): AsyncGenerator<DocumentBatch> {
  const { after } = task.phase;
  if (after) {
    const paths = barrierPaths(after.step, task.split.index);
    const decision = task.carried
      ? await carriedDecision(task.carried, after, task.split.index, kernel)
      : await readDecision(join(task.runDirectory, paths.decision), task.split.index);
    for await (const part of readDecided(task.carried?.spill ?? join(task.runDirectory, paths.spill), decision))
      yield withDecision(part.batch, after, part.decision);
    return;
  }
  const plan = { version: 1 as const, files: task.files, splits: [task.split], skipped: [], warnings: [] };
  let left = task.limit ?? Number.POSITIVE_INFINITY;
  const sampled = task.samplePercent === null ? null : await sampler(task.samplePercent);
  const thinned = task.samplePercent === null ? null : await lossSampler(task.samplePercent);
  const quarantine = (whole: QuarantinedRecord): void => {
    const record = thinned ? thinned(whole) : whole;
    if (left <= 0 || record === null) return;
    left -= record.rows ?? 1;
    onQuarantine(record);
  };
  refuseChangedFiles(task.files);
  for await (const whole of readSplit(task.split, plan, task.read, {
    kernel,
    onQuarantine: quarantine,
    onUnread,
    onPassed,
    onSeen,
    signal,
    reuse,
  })) {
    const batch = sampled ? sampled(whole) : whole;
    const taken = firstRows(batch, left);
    left -= taken.rows;
    if (taken.rows > 0) yield taken;
    if (left <= 0) break;
  }
  refuseChangedFiles(task.files);
}

/** What the parts of a barrier have decided on a split, wherever that was. */
async function carriedDecision(
  { decisions, at, spill, keys }: Carried,
  barrier: StepDescriptor,
  split: number,
  kernel: Kernel,
): Promise<BarrierDecision> {
  const parts: PartDecision[] = [];
  for (const { path, index } of decisions) parts.push(await readPart(path, index, at, split));
  if (parts.length === 1 && parts[0].rows === null) return parts[0].decision;
  return settledDecision(parts, await makeBarrier(barrier, kernel), { split, spill, keys });
}

/** Keeps the documents whose id hashes below the share; the same ids in every run and every split layout. */
async function sampler(percent: number): Promise<(batch: DocumentBatch) => DocumentBatch> {
  const { h32 } = await loadXxhash();
  const below = (percent / 100) * 2 ** 32;
  return (batch) => {
    const ids = batch.utf8('id');
    const alive = new Uint8Array(batch.rows);
    for (let i = 0; i < batch.rows; i++) if (h32(stringAt(ids, i) ?? '') < below) alive[i] = 1;
    return batch.with({ alive }).compact();
  };
}

/**
 * Of lost documents the same share: a single record stays or goes by its position; one that stands for many stays, and
 * counts as their share, rounded up or down by its position.
 */
async function lossSampler(percent: number): Promise<(record: QuarantinedRecord) => QuarantinedRecord | null> {
  const { h32 } = await loadXxhash();
  const share = percent / 100;
  return (record) => {
    const rows = Math.floor((record.rows ?? 1) * share + 1 - (h32(labelOf(record)) + 1) / 2 ** 32);
    if (record.rows === undefined) return rows > 0 || record.cut ? record : null;
    const { blind } = record;
    if (!blind) return { ...record, rows };
    return { ...record, rows: Math.max(1, rows), blind: { ...blind, bytes: Math.round(blind.bytes * share) } };
  };
}

/** The first documents of a batch; all of one that has no more. */
export function firstRows(batch: DocumentBatch, rows: number): DocumentBatch {
  if (batch.rows <= rows) return batch;
  const alive = new Uint8Array(batch.rows);
  alive.fill(1, 0, rows);
  return batch.with({ alive }).compact();
}

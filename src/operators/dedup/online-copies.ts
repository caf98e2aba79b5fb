import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defer, finalize, type OperatorFunction } from 'rxjs';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import type { Barrier, BarrierDecision } from '../../streams/flow/barrier.ts';
import { parallel } from '../../streams/flow/parallel.ts';
import { SpillWriter } from '../../streams/flow/spill-file.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { withDecision } from '../verdicts.ts';
import type { Decided, StreamingCopies } from './streaming-copies.ts';

interface Online {
  readonly barrier: Barrier;
  readonly copies: (spills: readonly string[]) => StreamingCopies;
}

/**
 * The streaming decision in a plain pipe: each batch goes on at once; texts lie in a temporary file that is removed on
 * teardown.
 */
export function onlineCopies(
  descriptor: StepDescriptor,
  open: () => Promise<Online>,
): OperatorFunction<DocumentBatch, DocumentBatch> {
  return (source) =>
    defer(() => {
      const state = (async () => {
        const folder = await mkdtemp(join(tmpdir(), 'sluice-copies-'));
        const path = join(folder, 'documents');
        const { barrier, copies } = await open();
        return { folder, barrier, copies: copies([path]), writer: await SpillWriter.open(path) };
      })();
      const judge = async (batch: DocumentBatch): Promise<DocumentBatch> => {
        const { barrier, copies, writer } = await state;
        const rows = batch.aliveRows();
        const compact = batch.compact();
        const decided = copies.judge(barrier.keys(compact, await writer.write(compact)), compact.rows, 0);
        return withDecision(batch, descriptor, spread(decided, rows, batch));
      };
      const remove = async (): Promise<void> => {
        const { folder, copies, writer } = await state;
        copies.close();
        await writer.abort();
        await rm(folder, { recursive: true, force: true });
      };
      return source.pipe(
        parallel(descriptor.step, judge, { concurrency: 1 }),
        finalize(() => {
          void remove().catch((error) => process.emitWarning(`could not remove a temporary folder: ${error}`));
        }),
      );
    });
}

/** A decision on the rows alive as one on all rows: those that are gone stay as they are. */
function spread(decided: Decided, alive: Int32Array, batch: DocumentBatch): BarrierDecision {
  const keep = new Uint8Array(batch.rows).fill(1);
  const rule = new Uint8Array(batch.rows);
  const duplicateOf: (string | null)[] = new Array(batch.rows).fill(null);
  const similarity = new Float64Array(batch.rows).fill(Number.NaN);
  alive.forEach((row, i) => {
    keep[row] = decided.keep[i];
    rule[row] = decided.rule![i];
    duplicateOf[row] = decided.duplicateOf[i];
    similarity[row] = decided.similarity[i];
  });
  return { split: batch.split, keep, rule, duplicateOf, similarity };
}

import { join } from 'node:path';
import type { OperatorFunction } from 'rxjs';
import { inNewFolder, removeFolder } from '../../files/temporary.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import type { Barrier, BarrierDecision } from '../../streams/flow/barrier.ts';
import { parallel } from '../../streams/flow/parallel.ts';
import { SpillWriter } from '../../streams/flow/spill-file.ts';
import { drained, streamOf, withOpen } from '../../streams/flow/stream-of.ts';
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
    streamOf(descriptor.step, ({ next, signal }) =>
      withOpen(
        inNewFolder('sluice-copies-', (folder) => openCopies(open, folder)),
        (opened) => {
          const judge = async (batch: DocumentBatch): Promise<DocumentBatch> => {
            const { barrier, copies, writer } = await opened;
            const rows = batch.aliveRows();
            const compact = batch.compact();
            const spans = await writer.write(compact);
            signal.throwIfAborted();
            const decided = copies.judge(barrier.keys(compact, spans), compact.rows, 0);
            return withDecision(batch, descriptor, spread(decided, rows, batch));
          };
          return drained(source.pipe(parallel(descriptor.step, judge, { concurrency: 1 })), signal, next);
        },
        async ({ folder, copies, writer }) => {
          try {
            copies.close();
            await writer.abort();
          } finally {
            await removeFolder(folder);
          }
        },
      ),
    );
}

async function openCopies(open: () => Promise<Online>, folder: string) {
  const path = join(folder, 'documents');
  const { barrier, copies } = await open();
  return { folder, barrier, writer: await SpillWriter.open(path), copies: copies([path]) };
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

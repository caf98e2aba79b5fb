import { join } from 'node:path';
import type { OperatorFunction } from 'rxjs';
import { inNewFolder, removeFolder } from '../files/temporary.ts';
import { loadKernel } from '../kernels/kernel.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { type Barrier, type BarrierSplit, BarrierWriter, readDecided } from '../streams/flow/barrier.ts';
import { ByteBudget, type Credit } from '../streams/flow/budget.ts';
import { parallel } from '../streams/flow/parallel.ts';
import { handOnAll } from '../streams/flow/source.ts';
import { drained, streamOf, withOpen } from '../streams/flow/stream-of.ts';
import type { StepDescriptor } from '../streams/operator.ts';
import { makeBarrier } from './stages.ts';
import { withDecision } from './verdicts.ts';

/** What a decision may use. */
const DECIDE_MEMORY = 128 * 1024 * 1024;
/** Bytes between the disk and the end of the pipe where no batch came from a source with a budget. */
const OWN_MEMORY = 64e6;

/**
 * A barrier in a plain pipe: documents wait in a temporary folder that is gone before the stream ends, fails or is
 * left. The source is held back while they are written; they are read back on the credit of the source, so that nobody
 * behind is handed more than its budget has room for.
 */
export function barrierPipe(descriptor: StepDescriptor): OperatorFunction<DocumentBatch, DocumentBatch> {
  const { step } = descriptor;
  return (source) =>
    streamOf(step, (downstream) =>
      withOpen(
        inNewFolder('sluice-barrier-', (folder) => openBarrier(descriptor, folder)),
        async (opened) => {
          let credit: Credit | null = null;
          const write = async (batch: DocumentBatch): Promise<DocumentBatch> => {
            await (await opened).writer.write(batch.compact());
            return batch;
          };
          // One at a time: the write of a batch must end before the next begins.
          const written = source.pipe(parallel(step, write, { concurrency: 1 }));
          await drained(written, downstream.signal, (batch) => {
            credit = batch.credit ?? credit;
          });
          const { barrier, writer, files } = await opened;
          await writer.finish();
          await handOnAll(decided(descriptor, barrier, files), credit ?? new ByteBudget(OWN_MEMORY), step, downstream);
        },
        async ({ writer, folder }) => {
          try {
            await writer.abort();
          } finally {
            await removeFolder(folder);
          }
        },
      ),
    );
}

async function openBarrier(descriptor: StepDescriptor, folder: string) {
  const files: BarrierSplit = { split: 0, spill: join(folder, 'documents'), keys: join(folder, 'keys') };
  const barrier = await makeBarrier(descriptor, await loadKernel());
  return { folder, files, barrier, writer: await BarrierWriter.open(barrier, files.spill, files.keys) };
}

async function* decided(
  descriptor: StepDescriptor,
  barrier: Barrier,
  files: BarrierSplit,
): AsyncGenerator<DocumentBatch> {
  for await (const decision of barrier.decide([files], DECIDE_MEMORY))
    for await (const part of readDecided(files.spill, decision))
      yield withDecision(part.batch, descriptor, part.decision);
}

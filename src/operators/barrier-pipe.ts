import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { from, mergeMap, Observable } from 'rxjs';
import { loadKernel } from '../kernels/kernel.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { BarrierWriter, readDecided } from '../streams/flow/barrier.ts';
import type { StepDescriptor } from '../streams/operator.ts';
import { makeBarrier } from './stages.ts';
import { withDecision } from './verdicts.ts';

const DECIDE_MEMORY = 128 * 1024 * 1024;

/** A step that sees the whole stream first: documents wait in a temporary folder that is removed on teardown. */
export function spillAndDecide(
  descriptor: StepDescriptor,
  source: Observable<DocumentBatch>,
): Observable<DocumentBatch> {
  return new Observable((subscriber) => {
    let left = false;
    const folder = mkdtemp(join(tmpdir(), 'sluice-barrier-'));
    const work = async (): Promise<void> => {
      const dir = await folder;
      const barrier = await makeBarrier(descriptor, await loadKernel());
      const files = { split: 0, spill: join(dir, 'documents'), keys: join(dir, 'keys') };
      const writer = await BarrierWriter.open(barrier, files.spill, files.keys);
      // One at a time: the write of a batch must end before the next begins.
      const write = mergeMap((batch: DocumentBatch) => from(writer.write(batch.compact())), 1);
      await new Promise<void>((resolve, reject) => {
        subscriber.add(source.pipe(write).subscribe({ error: reject, complete: resolve }));
      });
      await writer.finish();
      for await (const decision of barrier.decide([files], DECIDE_MEMORY)) {
        for await (const part of readDecided(files.spill, decision)) {
          if (left) return;
          subscriber.next(withDecision(part.batch, descriptor, part.decision));
        }
      }
      subscriber.complete();
    };
    const remove = async (): Promise<void> => rm(await folder, { recursive: true, force: true });
    const done = work().then(remove, async (error) => {
      await remove();
      throw error;
    });
    done.catch((error) => subscriber.error(error));
    return () => {
      left = true;
      void remove().catch((error) => process.emitWarning(`could not remove a temporary folder: ${error}`));
    };
  });
}

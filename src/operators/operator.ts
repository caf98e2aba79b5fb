import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defer, from, mergeMap, Observable } from 'rxjs';
import { loadKernel } from '../kernels/kernel.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { BarrierWriter, readDecided } from '../streams/flow/barrier.ts';
import { parallel } from '../streams/flow/parallel.ts';
import type { Json, Operator, OperatorContext, StepDescriptor } from '../streams/operator.ts';
import { sharedContext } from './shared-context.ts';
import { makeBarrier } from './stages.ts';
import { withDecision } from './verdicts.ts';

type SetOption = (option: string, value: Json) => Operator;

/** Turns a descriptor into an RxJS operator that runs in the shared context until it is bound elsewhere. */
export function makeOperator(descriptor: StepDescriptor, set: SetOption): Operator {
  const bind = (context: OperatorContext) =>
    parallel(descriptor.step, (batch) => context.apply(descriptor, batch), { concurrency: context.concurrency });
  const unbound = (source: Observable<DocumentBatch>) => defer(() => bind(sharedContext())(source));
  return Object.assign(unbound, { descriptor, set, bind });
}

/** An operator that sees the whole stream first: documents wait in a temporary folder that is removed on teardown. */
export function makeBarrierOperator(descriptor: StepDescriptor, set: SetOption): Operator {
  const operator = (source: Observable<DocumentBatch>) => spillAndDecide(descriptor, source);
  return Object.assign(operator, { descriptor, set, bind: () => operator });
}

const DECIDE_MEMORY = 128 * 1024 * 1024;

function spillAndDecide(descriptor: StepDescriptor, source: Observable<DocumentBatch>): Observable<DocumentBatch> {
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

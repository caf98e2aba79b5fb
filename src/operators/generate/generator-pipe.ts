import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Asked, Outcome } from '../../models/generators/asker.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { parallel } from '../../streams/flow/parallel.ts';
import { defer, finalize } from '../../streams/flow/rxjs.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import type { Pipe } from '../operator.ts';
import type { AskAll } from './ask-all.ts';
import { type Askers, openAskers } from './askers.ts';

type Work = (descriptor: StepDescriptor, batch: DocumentBatch, ask: AskAll) => Promise<DocumentBatch>;

/** Batches that wait for a generator at once. */
const BATCHES = 2;

/**
 * How a step with a generator runs in a plain `.pipe()`: in this thread, which only waits. Answers lie in a temporary
 * folder, which goes with the subscription; `answers` names one that stays.
 */
export const generatorPipe =
  (work: Work) =>
  (descriptor: StepDescriptor): Pipe =>
  (source) =>
    defer(() => {
      const askers = temporaryAskers();
      const asking = parallel(
        descriptor.step,
        (batch, signal) => {
          // Every request that is out listens to it.
          setMaxListeners(0, signal);
          return work(descriptor, batch, (requests) => askers.ask(descriptor, requests, signal));
        },
        { concurrency: BATCHES },
      );
      return asking(source).pipe(finalize(() => void askers.close()));
    });

/** Opened when the first document is asked about. */
function temporaryAskers() {
  let opened: Promise<{ folder: string; askers: Askers }> | null = null;
  const open = async (): Promise<{ folder: string; askers: Askers }> => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-answers-'));
    return { folder, askers: openAskers(folder) };
  };
  return {
    async ask(descriptor: StepDescriptor, requests: readonly Asked[], signal: AbortSignal): Promise<Outcome[]> {
      if (requests.length === 0) return [];
      opened ??= open();
      return (await opened).askers.ask(descriptor, requests, signal);
    },
    async close(): Promise<void> {
      if (opened === null) return;
      const { folder, askers } = await opened;
      // The stream is over, and has told its own error: one of closing comes too late for it.
      await askers.close().catch(() => {});
      await rm(folder, { recursive: true, force: true });
    },
  };
}

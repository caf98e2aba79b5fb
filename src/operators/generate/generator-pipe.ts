import { setMaxListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { parallel } from '../../streams/flow/parallel.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import type { Pipe } from '../operator.ts';
import type { AskAll } from './ask-all.ts';
import { type Askers, openAskers } from './askers.ts';

type Work = (descriptor: StepDescriptor, batch: DocumentBatch, ask: AskAll) => Promise<DocumentBatch>;

/** Batches that wait for a generator at once. */
const BATCHES = 2;

let shared: Askers | null = null;

/** Of plain pipes of this process: answers lie in a temporary folder, removed at its end. */
function sharedAskers(): Askers {
  if (shared === null) {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-answers-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    shared = openAskers(folder);
  }
  return shared;
}

/** How a step with a generator runs in a plain `.pipe()`: in this thread, which only waits. */
export const generatorPipe =
  (work: Work) =>
  (descriptor: StepDescriptor): Pipe =>
    parallel(
      descriptor.step,
      (batch, signal) => {
        // Every request that is out listens to it.
        setMaxListeners(0, signal);
        return work(descriptor, batch, (requests) => sharedAskers().ask(descriptor, requests, signal));
      },
      { concurrency: BATCHES },
    );

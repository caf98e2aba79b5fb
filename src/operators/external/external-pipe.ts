import { availableParallelism, totalmem } from 'node:os';
import { parallel } from '../../streams/flow/parallel.ts';
import { defer, finalize } from '../../streams/flow/rxjs.ts';
import type { OperatorContext, StepDescriptor } from '../../streams/operator.ts';
import type { Pipe } from '../operator.ts';
import { filtered } from './external-stage.ts';
import { openFilters } from './filters.ts';

/** Batches that are with the processes at once. */
const BATCHES = 2;

/** How the step runs in a plain `.pipe()`: in this thread, with processes that end with the subscription. */
export const externalPipe = (descriptor: StepDescriptor, context: OperatorContext | null): Pipe | null => {
  if (context !== null) return null;
  return (source) =>
    defer(() => {
      const filters = openFilters(availableParallelism(), totalmem() / 2);
      const asking = parallel(
        descriptor.step,
        (batch, signal) => filtered(descriptor, batch, (request) => filters.ask(descriptor, request, signal)),
        { concurrency: BATCHES },
      );
      return asking(source).pipe(finalize(() => void filters.close()));
    });
};

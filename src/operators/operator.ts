import { defer, type Observable } from 'rxjs';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { parallel } from '../streams/flow/parallel.ts';
import type { Json, Operator, OperatorContext, StepDescriptor } from '../streams/operator.ts';
import { barrierPipe } from './barrier-pipe.ts';
import { sharedContext } from './shared-context.ts';

type SetOption = (option: string, value: Json) => Operator;

/** Turns a descriptor into an RxJS operator that runs in the shared context until it is bound elsewhere. */
export function makeOperator(descriptor: StepDescriptor, set: SetOption): Operator {
  const bind = (context: OperatorContext) =>
    parallel(descriptor.step, (batch) => context.apply(descriptor, batch), { concurrency: context.concurrency });
  const unbound = (source: Observable<DocumentBatch>) => defer(() => bind(sharedContext())(source));
  return Object.assign(unbound, { descriptor, set, bind });
}

/** An operator that sees the whole stream first. */
export function makeBarrierOperator(descriptor: StepDescriptor, set: SetOption): Operator {
  const operator = barrierPipe(descriptor);
  return Object.assign(operator, { descriptor, set, bind: () => operator });
}

import { parallel } from '../streams/parallel.ts';
import type { Json, Operator, OperatorContext, StepDescriptor } from '../streams/operator.ts';
import { sharedContext } from '../streams/shared-context.ts';

/** Turns a descriptor into an RxJS operator that runs in the shared context until it is bound elsewhere. */
export function makeOperator(descriptor: StepDescriptor, set: (option: string, value: Json) => Operator): Operator {
  const bind = (context: OperatorContext) =>
    parallel(descriptor.step, (batch) => context.apply(descriptor, batch), { concurrency: context.concurrency });
  const unbound = (source: Parameters<ReturnType<typeof bind>>[0]) => bind(sharedContext())(source);
  return Object.assign(unbound, { descriptor, set, bind });
}

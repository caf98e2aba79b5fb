import type { Rule } from '../../streams/batch/outcome.ts';
import { type Json, type Operator, type Scope, type StepDescriptor, withOption } from '../../streams/operator.ts';
import { makeBarrierOperator } from '../operator.ts';
import { findIndexes, type IndexHeader } from './tables/index-files.ts';

type Options = { readonly [key: string]: Json };

type Given = Pick<StepDescriptor, 'step' | 'module' | 'export' | 'versions' | 'rules'> &
  Partial<Pick<StepDescriptor, 'options' | 'reads' | 'writes' | 'rewrites'>> & { readonly where: Scope | undefined };

/** The descriptor of a step that removes copies; it reads and writes no columns unless given. */
export function dedupDescriptor(options: Options, given: Given): StepDescriptor {
  return { kind: 'dedup', options, reads: [], writes: [], ...given, where: given.where ?? null };
}

/** A barrier that removes copies. @param again makes the step with other options. */
export function dedupStep<O extends Options>(
  options: O,
  given: Given,
  again: (options: O & { step: string; where: Scope | undefined }) => Operator,
): Operator {
  const { step, where } = given;
  const set = (option: string, value: Json): Operator =>
    again({ ...changedOption(options, step, option, value), step, where });
  return makeBarrierOperator(dedupDescriptor(options, given), set);
}

/** As `withOption`; a list of earlier runs is one word on the command line. */
export function changedOption<O extends Options>(options: O, step: string, option: string, value: Json): O {
  const list = option === 'against' && typeof value === 'string';
  return withOption(options, step, option, list ? value.split(',').filter(Boolean) : value);
}

/** Options with what their `against` comes to. */
export const withIndexes = (
  options: Options & { readonly against: readonly string[] },
  wanted: Pick<IndexHeader, 'kind' | 'version' | 'parameters'>,
  step: string,
): Options => ({ ...options, indexes: findIndexes(options.against, wanted, step) as unknown as Json });

/** The rule of a step whose copies are equal, so that there is no threshold to move. */
export const copyRule = (name: string): Rule => ({
  name,
  version: 1,
  column: 'duplicate_of',
  comparison: '>=',
  threshold: 1,
  onNull: 'pass',
  option: name,
});

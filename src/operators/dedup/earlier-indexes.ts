import type { Rule } from '../../streams/batch/outcome.ts';
import type { Json } from '../../streams/operator.ts';
import { findIndexes, type IndexHeader } from './tables/index-files.ts';

type Options = { readonly [key: string]: Json };

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

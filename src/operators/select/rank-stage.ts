import type { Barrier } from '../../streams/flow/barrier.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { decideRanks, type RankSelection } from './rank-decide.ts';
import { type RankOptions, rankKeys } from './rank-keys.ts';

/** The barrier behind `select.byRank()` and `select.byPerplexity()`. */
export function barrier(descriptor: StepDescriptor): Barrier {
  const options = descriptor.options as unknown as RankOptions & RankSelection;
  return {
    textless: true,
    keys: rankKeys(descriptor),
    decide: (splits, memoryBytes) => decideRanks(options, splits, memoryBytes),
  };
}

import type { Barrier } from '../../streams/flow/barrier.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { decideRanks, type RankSelection, rankUse } from './rank-decide.ts';
import { type RankOptions, rankKeys } from './rank-keys.ts';
import { partsBySplit, rankRounds } from './rank-rounds.ts';

/** The barrier behind `select.byRank()` and `select.byPerplexity()`. */
export function barrier(descriptor: StepDescriptor): Barrier {
  const options = descriptor.options as unknown as RankOptions & RankSelection;
  return {
    textless: true,
    keys: rankKeys(descriptor),
    decide: (splits, memoryBytes) => decideRanks(options, splits, memoryBytes),
    parts: partsBySplit,
    rounds: rankRounds(rankUse(options)),
  };
}

import { utf8Column } from '../../streams/batch/columns.ts';
import type { Barrier, BarrierDecision, BarrierSplit } from '../../streams/flow/barrier.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { cutsOfGroups } from './rank-decide.ts';
import { RankedValues, rankKeys, STATE } from './rank-keys.ts';
import { type GroupCuts, partsBySplit, type RankUse, rankRounds } from './rank-rounds.ts';

interface BucketOptions {
  readonly head: number;
  readonly middle: number;
}

/** The barrier behind `select.buckets()`. */
export function barrier(descriptor: StepDescriptor): Barrier {
  const { head, middle } = descriptor.options as unknown as BucketOptions;
  const [{ name }] = descriptor.writes;
  const ranksOf = (count: number): number[] =>
    count === 0 ? [] : [head, middle].map((share) => Math.floor(share * count));
  const use: RankUse = {
    ranksOf,
    decide: (split, ranked, cutsOf) => bucketsOf(split, name, ranked, ranksOf, cutsOf),
  };
  return {
    textless: true,
    keys: rankKeys(descriptor),
    async *decide(splits, memoryBytes) {
      const ranked = new RankedValues(splits);
      const groups = await cutsOfGroups(ranked, ranksOf, memoryBytes);
      for (const split of splits) yield use.decide(split, ranked, (group) => groups[group]);
    },
    parts: partsBySplit,
    rounds: rankRounds(use),
  };
}

async function bucketsOf(
  { split, ...rest }: BarrierSplit,
  column: string,
  ranked: RankedValues,
  ranksOf: (count: number) => number[],
  cutsOf: (group: number) => GroupCuts,
): Promise<BarrierDecision> {
  const ends: number[][] = [];
  const names: (string | null)[] = [];
  for await (const { rows, value, state, group } of ranked.rowsOf({ split, ...rest }))
    for (let i = 0; i < rows; i++) {
      if (state[i] !== STATE.ranked) {
        names.push(null);
        continue;
      }
      const g = group(i);
      ends[g] ??= endsOf(ranksOf, cutsOf(g));
      const [head, middle] = ends[g];
      names.push(value[i] < head ? 'head' : value[i] < middle ? 'middle' : 'tail');
    }
  const rows = names.length;
  return {
    split,
    keep: new Uint8Array(rows).fill(1),
    duplicateOf: new Array<string | null>(rows).fill(null),
    similarity: new Float64Array(rows).fill(Number.NaN),
    columns: new Map([[column, utf8Column(names)]]),
  };
}

const endsOf = (ranksOf: (count: number) => number[], { count, cuts }: GroupCuts): number[] =>
  ranksOf(count).map((rank) => cuts.get(rank)!.value);

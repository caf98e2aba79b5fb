import { utf8Column } from '../../streams/batch/columns.ts';
import type { Barrier, BarrierDecision, BarrierSplit } from '../../streams/flow/barrier.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { RankedValues, rankKeys, STATE } from './rank-keys.ts';
import { type RankWanted, valuesAtRanks } from './values-at-ranks.ts';

interface BucketOptions {
  readonly head: number;
  readonly middle: number;
}

/** The barrier behind `select.buckets()`. */
export function barrier(descriptor: StepDescriptor): Barrier {
  const { head, middle } = descriptor.options as unknown as BucketOptions;
  const [{ name }] = descriptor.writes;
  return {
    textless: true,
    keys: rankKeys(descriptor),
    decide: (splits, memoryBytes) => decideBuckets([head, middle], name, splits, memoryBytes),
  };
}

async function* decideBuckets(
  shares: readonly number[],
  column: string,
  splits: readonly BarrierSplit[],
  memoryBytes: number,
): AsyncGenerator<BarrierDecision> {
  const ranked = new RankedValues(splits);
  await ranked.count();
  const groups = ranked.counts.map((n, group) => ({ n, group })).filter(({ n }) => n > 0);
  const wanted = groups.flatMap(({ n, group }) => shares.map((s): RankWanted => ({ group, rank: Math.floor(s * n) })));
  const values = await valuesAtRanks(wanted, ranked.counts, ranked.scan, memoryBytes);
  const cuts: number[][] = ranked.counts.map(() => []);
  wanted.forEach(({ group }, i) => {
    cuts[group].push(values[i].value);
  });
  for (const split of splits) {
    const names: (string | null)[] = [];
    for await (const { rows, value, state, group } of ranked.rowsOf(split)) {
      for (let i = 0; i < rows; i++) {
        const [head, middle] = state[i] === STATE.ranked ? cuts[group(i)] : [];
        names.push(head === undefined ? null : value[i] < head ? 'head' : value[i] < middle ? 'middle' : 'tail');
      }
    }
    const rows = names.length;
    yield {
      split: split.split,
      keep: new Uint8Array(rows).fill(1),
      duplicateOf: new Array<string | null>(rows).fill(null),
      similarity: new Float64Array(rows).fill(Number.NaN),
      columns: new Map([[column, utf8Column(names)]]),
    };
  }
}

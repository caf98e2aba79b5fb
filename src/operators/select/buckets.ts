import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import { parseOptions } from '../../options.ts';
import { utf8Column } from '../../streams/batch/columns.ts';
import type { Barrier, BarrierDecision, BarrierSplit } from '../../streams/flow/barrier.ts';
import { type Json, type Operator, type Scope, type StepDescriptor, withOption } from '../../streams/operator.ts';
import { makeBarrierOperator } from '../operator.ts';
import { RankedValues, rankKeys, STATE } from './rank-keys.ts';
import { type RankWanted, valuesAtRanks } from './values-at-ranks.ts';

export const bucketOptions = z.strictObject({
  /** A number column that an earlier step writes. */
  column: z.string().min(1).default('ppl'),
  within: z.enum(['all', 'domain'], 'all or domain').default('domain'),
  /** Percentiles, as shares, below which a document is in the first bucket, in the second. */
  head: z.number().gt(0, 'a share above 0').lt(1, 'a share below 1').default(0.3),
  middle: z.number().gt(0, 'a share above 0').lt(1, 'a share below 1').default(0.6),
  /** Name of the column written. Default: `<column>_bucket`. */
  as: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, 'a name of a-z, 0-9 and _')
    .nullable()
    .default(null),
});
export type BucketOptions = z.input<typeof bucketOptions> & { readonly step?: string; readonly where?: Scope };

/**
 * Sorts documents into `head`, `middle` and `tail` by the percentiles of a number column, perplexity unless told
 * otherwise, in each domain; drops nothing. As cc_net (Wenzek et al. 2020), whose cut-offs are the 30th and 60th
 * percentile of a language: below the first is head, below the second middle, all else tail; here they are those of the
 * documents of the run. The percentile p of n values is the value that has floor(p * n) before it.
 *
 * Writes ppl_bucket utf8; null where there is no value. A barrier.
 */
export function buckets({ step, where, ...rest }: BucketOptions = {}): Operator {
  const options = parseOptions(bucketOptions, rest, 'select.buckets()');
  if (options.head >= options.middle)
    throw new ConfigError({
      expected: 'head: a share less than middle, the percentile below which a document is in one of both',
      got: `head ${options.head}, middle ${options.middle}`,
      where: 'select.buckets()',
    });
  const name = step ?? `${options.column}_buckets`;
  const descriptor: StepDescriptor = {
    kind: 'select',
    step: name,
    module: 'sluice:select-buckets',
    export: 'bucketBarrier',
    versions: [`${options.column}_buckets@1`],
    options,
    where: where ?? null,
    reads: [options.column],
    writes: [{ name: options.as ?? `${options.column}_bucket`, type: 'utf8' }],
    rules: [],
  };
  const set = (option: string, value: Json): Operator =>
    buckets({ ...(withOption(options, name, option, value) as z.infer<typeof bucketOptions>), step: name, where });
  return makeBarrierOperator(descriptor, set);
}

/** The barrier behind `select.buckets()`. */
export function bucketBarrier(descriptor: StepDescriptor): Barrier {
  const { head, middle } = descriptor.options as unknown as z.infer<typeof bucketOptions>;
  const [{ name }] = descriptor.writes;
  return {
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

import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import type { Rule } from '../../streams/batch/outcome.ts';
import type { Barrier } from '../../streams/flow/barrier.ts';
import { type Json, type Operator, type Scope, type StepDescriptor, withOption } from '../../streams/operator.ts';
import { makeBarrierOperator } from '../operator.ts';
import { decideRanks, rulesOf } from './rank-decide.ts';
import { rankKeys } from './rank-keys.ts';

const criterion = z.enum(['low', 'medium', 'high'], 'low, medium or high');
const rate = z.number('a share above 0, at most 1').gt(0, 'a share above 0').max(1, 'a share of at most 1');
const common = {
  /** Share of the documents with a value that stays. */
  rate,
  /**
   * What is ranked together: all documents of the step, as in Ankner et al. 2024, or those of each domain, which keeps
   * the mix as it is.
   */
  within: z.enum(['all', 'domain'], 'all or domain').default('all'),
  /** What becomes of documents without a value. */
  nulls: z.enum(['keep', 'drop'], 'keep or drop').default('keep'),
};

export const byRankOptions = z.strictObject({
  /** A number column that an earlier step writes. */
  column: z.string().min(1),
  keep: criterion,
  ...common,
});
export const byPerplexityOptions = z.strictObject({
  criterion,
  column: z.string().min(1).default('ppl'),
  ...common,
});

export interface SelectStep {
  /** Default: `select_` and the column. */
  readonly step?: string;
  /** Only documents of these domains are ranked and may be dropped. Default: all. */
  readonly where?: Scope;
}

export type ByRankOptions = z.input<typeof byRankOptions> & SelectStep;
export type ByPerplexityOptions = z.input<typeof byPerplexityOptions> & SelectStep;

/**
 * Keeps a share of the documents by the rank of a number column; exact, as a barrier. With n values, k = round(rate *
 * n) stay: of the ranks 0 to n - 1 by value, equal values in input order, `low` keeps the first k, `high` the last k,
 * `medium` those from floor((n - k) / 2) on, which are the percentiles 50 - rate/2 to 50 + rate/2.
 *
 * Drops: rule `<column>_rank_above` (not below the least value dropped at the upper end), `<column>_rank_below` (not
 * above the greatest dropped at the lower end), `<column>_rank_missing` with `nulls: 'drop'`; `threshold` in the ledger
 * is that cut. A document without a value takes no part in the ranking and is counted. Memory: within the budget,
 * whatever the number of documents; disk: the text once under `work/`.
 */
export function byRank({ step, where, ...rest }: ByRankOptions): Operator {
  const options = parseOptions(byRankOptions, rest, 'select.byRank()');
  const name = step ?? `select_${options.column}`;
  const set = (option: string, value: Json): Operator =>
    byRank({ ...(withOption(options, name, option, value) as z.infer<typeof byRankOptions>), step: name, where });
  return selection(options, name, where, set);
}

/**
 * Keeps a share of the documents by perplexity: Ankner et al. 2024, "Perplexed by Perplexity" (`medium` 50 % was best
 * for Dolma, `high` 50 % for the Pile; the wrong one does harm). A `byRank` of the column `ppl`, over the whole mix
 * unless told otherwise.
 */
export function byPerplexity({ step = 'select_perplexity', where, ...rest }: ByPerplexityOptions): Operator {
  const options = parseOptions(byPerplexityOptions, rest, 'select.byPerplexity()');
  const set = (option: string, value: Json): Operator =>
    byPerplexity({ ...(withOption(options, step, option, value) as z.infer<typeof byPerplexityOptions>), step, where });
  const { criterion: keep, ...others } = options;
  return selection({ keep, ...others }, step, where, set);
}

type Options = z.infer<typeof byRankOptions>;

function selection(
  options: Options,
  step: string,
  where: Scope | undefined,
  set: (option: string, value: Json) => Operator,
): Operator {
  const rules = rulesOf(options).ends.map((end): Rule => {
    const name = `${options.column}_rank_${end}`;
    return {
      name,
      version: 1,
      column: options.column,
      comparison: end === 'above' ? '>=' : '<=',
      // The cut is known once all documents are; the ledger has it.
      threshold: Number.NaN,
      onNull: end === 'missing' ? 'drop' : 'pass',
      option: 'rate',
    };
  });
  const descriptor: StepDescriptor = {
    kind: 'select',
    step,
    module: 'sluice:select-rank',
    export: 'rankBarrier',
    versions: rules.map((r) => `${r.name}@${r.version}`),
    options,
    where: where ?? null,
    reads: [options.column],
    writes: [],
    rules,
  };
  return makeBarrierOperator(descriptor, set);
}

/** The barrier behind `select.byRank()` and `select.byPerplexity()`. */
export function rankBarrier(descriptor: StepDescriptor): Barrier {
  const options = descriptor.options as unknown as Options;
  return {
    keys: rankKeys(descriptor),
    decide: (splits, memoryBytes) => decideRanks(options, splits, memoryBytes),
  };
}

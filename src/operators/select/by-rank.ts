import * as z from 'zod';
import type { Rule } from '../../streams/batch/outcome.ts';
import { operator, type StepOptions } from '../operator.ts';
import { type RankSelection, rulesOf } from './rank-decide.ts';

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

/** `step`: default `select_` and the column. Only documents of `where` are ranked and may be dropped. */
export type SelectStep = StepOptions;

export type ByRankOptions = z.input<typeof byRankOptions> & SelectStep;
export type ByPerplexityOptions = z.input<typeof byPerplexityOptions> & SelectStep;

/**
 * Keeps a share of the documents by the rank of a number column; exact, as a barrier. With n values, k = round(rate *
 * n) stay: of the ranks 0 to n - 1 by value, equal values in input order, `low` keeps the first k, `high` the last k,
 * `medium` those from floor((n - k) / 2) on, which are the percentiles 50 - rate/2 to 50 + rate/2. Of one value no
 * share can be taken: the document stays.
 *
 * Drops: rule `<column>_rank_above` (not below the least value dropped at the upper end), `<column>_rank_below` (not
 * above the greatest dropped at the lower end), `<column>_rank_missing` with `nulls: 'drop'`; `threshold` in the ledger
 * is that cut. A document without a value takes no part in the ranking and is counted. Memory: within the budget,
 * whatever the number of documents; disk: the text once under `work/`.
 */
export const byRank = operator({
  call: 'select.byRank()',
  name: ({ column }) => `select_${column}`,
  stage: 'select/rank',
  options: byRankOptions,
  versions: (options) => rankRules(options).map((r) => `${r.name}@${r.version}`),
  effects: { drops: 'ranks', barrier: true },
  describe: (options) => ({ reads: [options.column], rules: rankRules(options) }),
});

/**
 * Keeps a share of the documents by perplexity: Ankner et al. 2024, "Perplexed by Perplexity" (`medium` 50 % was best
 * for Dolma, `high` 50 % for the Pile; the wrong one does harm). A `byRank` of the column `ppl`, over the whole mix
 * unless told otherwise.
 */
export const byPerplexity = operator({
  call: 'select.byPerplexity()',
  name: 'select_perplexity',
  stage: 'select/rank',
  options: byPerplexityOptions,
  versions: ({ criterion: keep, ...rest }) => rankRules({ keep, ...rest }).map((r) => `${r.name}@${r.version}`),
  effects: { drops: 'ranks', barrier: true },
  describe: ({ criterion: keep, ...rest }) => ({
    options: { keep, ...rest },
    reads: [rest.column],
    rules: rankRules({ keep, ...rest }),
  }),
});

const rankRules = (options: RankSelection & { readonly column: string }): Rule[] =>
  rulesOf(options).ends.map((end) => {
    const name = `${options.column}_rank_${end}`;
    return {
      name,
      // 2: a value that is the only one of its ranking stays.
      version: 2,
      column: options.column,
      comparison: end === 'above' ? '>=' : '<=',
      // The cut is known once all documents are; the ledger has it.
      threshold: Number.NaN,
      onNull: end === 'missing' ? 'drop' : 'pass',
      option: 'rate',
    };
  });

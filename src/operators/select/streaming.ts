import type { OperatorFunction } from 'rxjs';
import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { type NumberColumn, numberAt, stringAt } from '../../streams/batch/columns.ts';
import type { Rule, Verdict } from '../../streams/batch/outcome.ts';
import { QuantileSketch } from '../../streams/commits/quantile-sketch.ts';
import { concat, concatMap, defer, finalize } from '../../streams/flow/rxjs.ts';
import { rowsInScope, type Scope } from '../../streams/operator.ts';
import { type StepOptions, stepOptions } from '../operator.ts';
import { withVerdict } from '../verdicts.ts';
import { byRankOptions } from './by-rank.ts';
import { type RankSelection, rulesOf } from './rank-decide.ts';
import { type Group, warmUpOf } from './warm-up.ts';

export const streamingOptions = byRankOptions.extend({
  /**
   * Documents with a value that are waited for before the first is judged, of each domain with `within: 'domain'`; they
   * are judged then.
   */
  warmUp: z.int().min(1).default(1000),
  /**
   * Bytes of batches that may wait, beside the budget of the source; where they are reached a warm-up ends early.
   * Default 16 MB.
   */
  warmUpBytes: z.int().min(1).default(16e6),
  seed: z.int().default(0),
});
export type StreamingOptions = z.input<typeof streamingOptions> &
  StepOptions & {
    /**
     * Told when a warm-up ends early: of the first ten domains one by one, of more at the end. Default: a warning of
     * the process.
     */
    readonly onWarning?: (text: string) => void;
  };

const schema = streamingOptions.extend({
  ...stepOptions.shape,
  onWarning: z.custom<(text: string) => void>((value) => typeof value === 'function', 'a function').optional(),
});

/**
 * `select.byRank()` for a stream that has no end to wait for: each batch is judged by the quantiles of all values so
 * far, its own included, from a sketch of a few kilobytes a group. The same batches in the same order give the same
 * decisions. Not exact: the share kept of a stream that does not drift comes near `rate`, ranks are off by less than 1
 * % (`QuantileSketch`), and equal values are kept or dropped together, as comes nearer to `rate`. Only for a plain
 * `.pipe()`; a run is a stream with an end, where `byRank` is exact.
 *
 * Warm-up: a batch is held back, and all that follow it, until there are `warmUp` values. With `within: 'domain'` each
 * domain waits for its own, from its first value on. When more than `warmUpBytes` would be held, the domains that the
 * oldest batch waits for are waited for no longer: their documents are judged by the values seen until then, however
 * few (`onWarning` says how many). A domain is waited for once, so a rare one cannot hold up the stream for ever. What
 * is held is charged to the budget of the source. Errors: ConfigError, down the stream, when that budget has no room
 * for the warm-up; the decisions never depend on it.
 */
export function streaming(given: StreamingOptions): OperatorFunction<DocumentBatch, DocumentBatch> {
  const { step, where, onWarning, ...options } = parseOptions(schema, given, 'select.streaming()');
  const name = step ?? `select_${options.column}`;
  const { ends } = rulesOf(options);
  const rules = ends.map((end): Rule => ruleAt(options.column, end));
  return (source) =>
    defer(() => {
      const groups = new Map<string, Group>();
      const groupOf = (batch: DocumentBatch, row: number): Group => {
        const domain = options.within === 'domain' ? (stringAt(batch.utf8('domain'), row) ?? '') : null;
        let group = groups.get(domain ?? '');
        if (!group) {
          group = { domain, sketch: new QuantileSketch({ seed: options.seed }), waits: true };
          groups.set(domain ?? '', group);
        }
        return group;
      };
      const { warmUp, warmUpBytes } = options;
      const judge = (batch: DocumentBatch): DocumentBatch =>
        withVerdict(batch, verdictOn(batch, { name, rules, where: where ?? null, options, groupOf }));
      const tell = onWarning ?? ((text: string) => process.emitWarning(text, 'Sluice'));
      const waiting = warmUpOf({ step: name, warmUp, warmUpBytes, judge, onWarning: tell });
      const take = (batch: DocumentBatch): Iterable<DocumentBatch> => {
        const scope = rowsInScope(batch, where ?? null);
        const column = batch.number(options.column);
        const found = new Set<Group>();
        for (let i = 0; i < batch.rows; i++) {
          const value = scope[i] === 1 ? rankable(column, i) : null;
          if (value === null) continue;
          const group = groupOf(batch, i);
          group.sketch.add(value);
          found.add(group);
        }
        return waiting.take(batch, [...found]);
      };
      return concat(
        source.pipe(concatMap(take)),
        defer(() => waiting.rest()),
      ).pipe(finalize(() => waiting.close()));
    });
}

/** A value to rank; NaN is none, as for `byRank`. */
function rankable(column: NumberColumn, row: number): number | null {
  const value = numberAt(column, row);
  return value === null || Number.isNaN(value) ? null : value;
}

const ruleAt = (column: string, end: 'below' | 'above' | 'missing'): Rule => ({
  name: `${column}_rank_${end}`,
  version: 1,
  column,
  comparison: end === 'above' ? '>=' : '<',
  threshold: Number.NaN,
  onNull: end === 'missing' ? 'drop' : 'pass',
  option: 'rate',
});

interface Judging {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly where: Scope | null;
  readonly options: RankSelection & { readonly column: string };
  readonly groupOf: (batch: DocumentBatch, row: number) => Group;
}

function verdictOn(batch: DocumentBatch, { name, rules, where, options, groupOf }: Judging): Verdict {
  const at = rulesOf(options);
  const n = batch.rows;
  const scope = rowsInScope(batch, where);
  const column = batch.number(options.column);
  const [from, to] = sharesKept(options);
  const threshold = new Float64Array(n).fill(Number.NaN);
  const verdict = {
    step: name,
    rules,
    judged: new Uint8Array(n),
    rule: new Int16Array(n).fill(-1),
    value: new Float64Array(n).fill(Number.NaN),
    failed: new Uint32Array(n),
    failedWords: 1,
    threshold,
    nulls: rules.map(() => 0),
  };
  for (let i = 0; i < n; i++) {
    if (scope[i] === 0) continue;
    const value = rankable(column, i);
    let rule = -1;
    if (value === null) {
      for (let k = 0; k < rules.length; k++) verdict.nulls[k]++;
      rule = at.missing;
    } else {
      verdict.value[i] = value;
      const { sketch } = groupOf(batch, i);
      const [low, high] = [sketch.cut(from), sketch.cut(to)];
      if (at.below >= 0 && (low === null || value < low)) rule = at.below;
      else if (at.above >= 0 && high !== null && value >= high) rule = at.above;
      if (rule >= 0) threshold[i] = (rule === at.below ? low : high) ?? Number.POSITIVE_INFINITY;
    }
    verdict.judged[i] = value !== null || rule >= 0 ? 1 : 0;
    verdict.rule[i] = rule;
    if (rule >= 0) verdict.failed[i] = 1 << rule;
  }
  return verdict;
}

/** The ends of what is kept, as shares of the ranking. */
function sharesKept({ keep, rate }: RankSelection): [number, number] {
  if (keep === 'low') return [0, rate];
  return keep === 'high' ? [1 - rate, 1] : [(1 - rate) / 2, (1 + rate) / 2];
}

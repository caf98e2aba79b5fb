import { concat, defer, type OperatorFunction } from 'rxjs';
import { concatMap } from 'rxjs/operators';
import * as z from 'zod';
import type { DocumentBatch } from '../../streams/batch.ts';
import { type NumberColumn, numberAt, stringAt } from '../../streams/columns.ts';
import { rowsInScope, type Scope } from '../../streams/operator.ts';
import type { Rule, Verdict } from '../../streams/outcome.ts';
import { QuantileSketch } from '../../streams/quantile-sketch.ts';
import { parseOptions } from '../parse-options.ts';
import { withVerdict } from '../verdicts.ts';
import { byRankOptions } from './by-rank.ts';
import { type RankSelection, rulesOf } from './rank-decide.ts';

export const streamingOptions = byRankOptions.extend({
  /** Documents with a value that are waited for before the first is judged; they are judged then. */
  warmUp: z.int().min(1).default(1000),
  seed: z.int().default(0),
});
export type StreamingOptions = z.input<typeof streamingOptions> & { readonly step?: string; readonly where?: Scope };

/**
 * `select.byRank()` for a stream that has no end to wait for: each batch is judged by the quantiles of all values so far, its own included,
 * from a sketch of a few kilobytes a group. The same batches in the same order give the same decisions. Not exact: the share kept of a
 * stream that does not drift comes near `rate`, ranks are off by less than 1 % (`QuantileSketch`), and equal values are kept or dropped
 * together, as comes nearer to `rate`. Batches of the warm-up are held back, from the first that has a value. Only for a plain `.pipe()`; a run is a stream with an end, where `byRank` is exact.
 */
export function streaming({ step, where, ...rest }: StreamingOptions): OperatorFunction<DocumentBatch, DocumentBatch> {
  const options = parseOptions(streamingOptions, rest, 'select.streaming()');
  const name = step ?? `select_${options.column}`;
  const { ends } = rulesOf(options);
  const rules = ends.map((end): Rule => ruleAt(options.column, end));
  return (source) =>
    defer(() => {
      const groups = new Map<string, QuantileSketch>();
      let held: DocumentBatch[] | null = [];
      let seen = 0;
      const groupOf = (batch: DocumentBatch, row: number): QuantileSketch => {
        const key = options.within === 'domain' ? (stringAt(batch.utf8('domain'), row) ?? '') : '';
        let sketch = groups.get(key);
        if (!sketch) {
          sketch = new QuantileSketch({ seed: options.seed });
          groups.set(key, sketch);
        }
        return sketch;
      };
      const judge = (batch: DocumentBatch): DocumentBatch =>
        withVerdict(batch, verdictOn(batch, { name, rules, where: where ?? null, options, groupOf }));
      const release = (): DocumentBatch[] => {
        const waiting = held ?? [];
        held = null;
        return waiting.map(judge);
      };
      const take = (batch: DocumentBatch): DocumentBatch[] => {
        const scope = rowsInScope(batch, where ?? null);
        const column = batch.number(options.column);
        for (let i = 0; i < batch.rows; i++) {
          const value = scope[i] === 1 ? rankable(column, i) : null;
          if (value === null) continue;
          groupOf(batch, i).add(value);
          seen++;
        }
        if (held === null || seen === 0) return [judge(batch)];
        held.push(batch);
        return seen >= options.warmUp ? release() : [];
      };
      return concat(source.pipe(concatMap(take)), defer(release));
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
  readonly groupOf: (batch: DocumentBatch, row: number) => QuantileSketch;
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
    const sketch = groupOf(batch, i);
    let rule = -1;
    if (value === null) {
      for (let k = 0; k < rules.length; k++) verdict.nulls[k]++;
      rule = at.missing;
    } else {
      verdict.value[i] = value;
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

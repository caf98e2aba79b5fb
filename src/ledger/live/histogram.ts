import { ConfigError, nearestName } from '../../errors.ts';
import { conditionText } from '../../streams/batch/condition.ts';
import { type RunDatabase, rowsOf } from '../database.ts';
import type { RunFolder } from '../run-folder.ts';
import { inScope } from './in-scope.ts';

/**
 * How the values of one annotation are spread, kept documents and others. Where rules judge it: of the documents that
 * one of them judges, by the `where` of their steps.
 */
export interface Histogram {
  readonly column: string;
  /** Ends of the bins: one more than there are bins. */
  readonly edges: readonly number[];
  readonly kept: readonly number[];
  readonly other: readonly number[];
  /** Documents below the first and above the last end. */
  readonly below: number;
  readonly above: number;
  /** Documents without a value. */
  readonly nulls: number;
  /** Documents with a value that no rule of the column judges: they are in none of the other counts. */
  readonly unjudged: number;
  readonly least: number | null;
  readonly most: number | null;
  /** Steps between the ends grow by the same factor. */
  readonly logarithmic: boolean;
  /** Rules that judge the column. */
  readonly rules: readonly {
    readonly step: string;
    readonly rule: string;
    readonly comparison: string;
    readonly threshold: number;
    /** Of a rule of several comparisons: when it drops. */
    readonly condition: string | null;
    /** Documents that are counted above, and that its step does not judge: they are not in its `where`. */
    readonly outside: number;
  }[];
}

export interface HistogramOptions {
  /** Default: from the 0.1 % to the 99.9 % quantile, thresholds within. */
  readonly from?: number;
  readonly to?: number;
  readonly bins: number;
}

/** Counts the ledger. Errors: ConfigError for a column that is no number of this run. */
export async function histogram(
  folder: RunFolder,
  db: RunDatabase,
  column: string,
  { from, to, bins }: HistogramOptions,
): Promise<Histogram> {
  const numbers = folder.run.schema.annotations.filter((a) => a.type !== 'utf8').map((a) => a.name);
  if (!numbers.includes(column)) throw noColumn(column, numbers);
  const judging = folder.steps.flatMap((s) =>
    s.rules
      .filter((r) => r.column === column)
      .map((r) => ({
        step: s.step,
        rule: r.name,
        comparison: r.comparison,
        threshold: r.threshold,
        condition: r.when ? conditionText(r) : null,
        where: s.where,
      })),
  );
  const value = `CAST("${column.replaceAll('"', '""')}" AS DOUBLE)`;
  const judged = judging.length === 0 ? 'true' : `(${judging.map(({ where }) => inScope(where)).join(' OR ')})`;
  const outside = judging
    .map(({ where }, i) => `, count(v) FILTER (judged AND NOT ${inScope(where)}) AS outside${i}`)
    .join('');
  const [range] = await rowsOf(
    db,
    'SELECT min(v) FILTER (judged) AS least, max(v) FILTER (judged) AS most, ' +
      'quantile_cont(v, [0.001, 0.5, 0.999]) FILTER (judged) AS q, ' +
      'count(*) FILTER (judged AND v IS NULL) AS nulls, ' +
      `count(v) FILTER (NOT judged) AS unjudged${outside} ` +
      `FROM (SELECT *, ${value} AS v, ${judged} AS judged FROM ledger WHERE outcome <> 'quarantined')`,
  );
  const [least, most] = [range.least, range.most].map((n) => (n === null ? null : Number(n)));
  const rules = judging.map(({ where: _, ...r }, i) => ({ ...r, outside: Number(range[`outside${i}`]) }));
  const [nulls, unjudged] = [Number(range.nulls), Number(range.unjudged)];
  const same = { column, nulls, unjudged, least, most, rules };
  if (least === null || most === null)
    return { ...same, edges: [], kept: [], other: [], below: 0, above: 0, logarithmic: false };
  const [low, median, high] = (range.q as unknown as { readonly items: readonly number[] }).items;
  const thresholds = rules.map((r) => r.threshold).filter((t) => Number.isFinite(t));
  const near = thresholds.filter((t) => t >= least && t <= most);
  const [begin, end] = [from ?? Math.min(low, ...near), to ?? Math.max(high, ...near)];
  const logarithmic = from === undefined && to === undefined && begin > 0 && end / begin > 200 && median < end / 10;
  const edges = edgesOf(begin, end, bins, logarithmic, folder.run.schema.annotations.some(isWhole(column)));
  const width = edges.length - 1;
  const place = logarithmic
    ? `floor((ln(v) - ${Math.log(edges[0])}) / ${(Math.log(edges[width]) - Math.log(edges[0])) / width})`
    : `floor((v - ${edges[0]}) / ${(edges[width] - edges[0]) / width})`;
  // The last bin has both of its ends.
  const bin =
    `CASE WHEN v < ${edges[0]} THEN -1 WHEN v > ${edges[width]} THEN ${width} ` +
    `ELSE CAST(least(${width - 1}, greatest(0, ${place})) AS INTEGER) END`;
  const rows = await rowsOf(
    db,
    `SELECT ${bin} AS bin, count(*) FILTER (WHERE kept) AS kept, count(*) FILTER (WHERE NOT kept) AS other ` +
      `FROM (SELECT ${value} AS v, outcome = 'kept' AS kept FROM ledger ` +
      `WHERE outcome <> 'quarantined' AND ${judged}) WHERE v IS NOT NULL GROUP BY 1`,
  );
  const [kept, other] = [Array<number>(width).fill(0), Array<number>(width).fill(0)];
  let [below, above] = [0, 0];
  for (const r of rows) {
    const at = Number(r.bin);
    const [k, o] = [Number(r.kept), Number(r.other)];
    if (at < 0) below += k + o;
    else if (at >= width) above += k + o;
    else [kept[at], other[at]] = [k, o];
  }
  return { ...same, edges, kept, other, below, above, logarithmic };
}

const isWhole =
  (column: string) =>
  (a: { readonly name: string; readonly type: string }): boolean =>
    a.name === column && a.type !== 'float64';

function edgesOf(from: number, to: number, bins: number, logarithmic: boolean, whole: boolean): number[] {
  if (!(to > from)) return [from - 0.5, from + 0.5];
  if (logarithmic) {
    const [a, b] = [Math.log(from), Math.log(to)];
    return Array.from({ length: bins + 1 }, (_, i) => Math.exp(a + ((b - a) * i) / bins));
  }
  // Of whole numbers each bin has as many.
  const step = whole ? Math.max(1, Math.ceil((to - from) / bins)) : (to - from) / bins;
  const first = whole ? Math.floor(from) - 0.5 : from;
  const n = whole ? Math.ceil((to + 0.5 - first) / step) : bins;
  return Array.from({ length: n + 1 }, (_, i) => first + i * step);
}

function noColumn(column: string, numbers: readonly string[]): ConfigError {
  const near = nearestName(column, [...numbers]);
  return new ConfigError({
    expected: 'an annotation of this run that is a number',
    got: `'${column.slice(0, 100)}'`,
    where: 'column',
    fix: near ? `Did you mean ${near}?` : `There are: ${numbers.join(', ')}.`,
  });
}

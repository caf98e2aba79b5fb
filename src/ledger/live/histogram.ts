import { ConfigError, nearestName } from '../../errors.ts';
import { conditionText } from '../../streams/batch/condition.ts';
import { type Scope, scopeColumn, scopeValues } from '../../streams/scope.ts';
import { type RunDatabase, rowsOf } from '../database.ts';
import type { RunFolder } from '../run-folder.ts';

/** How the values of one annotation are spread, kept documents and others. */
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
    /** Documents with a value that its step does not judge: their kind or domain is not in its `where`. */
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
  const outside = judging.map(({ where }, i) => `, count(v) FILTER (${outsideOf(where)}) AS outside${i}`).join('');
  const [range] = await rowsOf(
    db,
    'SELECT min(v) AS least, max(v) AS most, quantile_cont(v, [0.001, 0.5, 0.999]) AS q, ' +
      `count(*) - count(v) AS nulls${outside} ` +
      `FROM (SELECT *, ${value} AS v FROM ledger WHERE outcome <> 'quarantined')`,
  );
  const [least, most] = [range.least, range.most].map((n) => (n === null ? null : Number(n)));
  const rules = judging.map(({ where: _, ...r }, i) => ({ ...r, outside: Number(range[`outside${i}`]) }));
  const empty = { column, edges: [], kept: [], other: [], below: 0, above: 0, least, most, logarithmic: false, rules };
  if (least === null || most === null) return { ...empty, nulls: Number(range.nulls) };
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
      `FROM (SELECT ${value} AS v, outcome = 'kept' AS kept FROM ledger WHERE outcome <> 'quarantined') ` +
      'WHERE v IS NOT NULL GROUP BY 1',
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
  return { column, edges, kept, other, below, above, nulls: Number(range.nulls), least, most, logarithmic, rules };
}

/** Documents that a scope leaves out, in SQL. */
function outsideOf(where: Scope | null): string {
  if (where === null) return 'false';
  const quoted = scopeValues(where).map((v) => `'${v.replaceAll("'", "''")}'`);
  const inList = `coalesce("${scopeColumn(where).replaceAll('"', '""')}", '') IN (${quoted.join(', ')})`;
  return where.not ? inList : `NOT ${inList}`;
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

// Tables of scripts/score/default-model.ts: columns of values that should be higher for noise than for text.
import { areaUnderCurve, areaWithin, intervalOf, intervalOfDifference, type Sides } from '../../area-under-curve.ts';

/** A value for each text. */
export type Column = ReadonlyMap<string, number>;
export interface NamedColumn {
  /** `model` and more of it are ours; the others are what it has to beat. */
  readonly name: string;
  readonly table: 'mean' | 'highest';
  readonly values: Column;
}

/** Noise beside the document it was made from; null where nobody knows that. */
export interface Pair {
  readonly clean: string | null;
  /** Of the clean document. */
  readonly domain: string | null;
  readonly noise: string;
}

export interface Score {
  readonly name: string;
  readonly table: NamedColumn['table'];
  /** Chance that noise has more than a text of any domain; with the middle 95 % of a bootstrap. */
  readonly auc: number;
  readonly low: number;
  readonly high: number;
  /** The same against texts of the domain that the noise was made in; null without pairs. */
  readonly within: number | null;
  /** Share of pairs in which the noise has more; equal ones count half. */
  readonly inPairs: number | null;
}

/** The best column of ours in a table beside the best of what it has to beat. */
export interface Standing {
  readonly table: NamedColumn['table'];
  readonly own: string;
  readonly other: string;
  /** Area of ours less area of the other; with the middle 95 % of a bootstrap. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}

export interface Row {
  readonly kind: string;
  readonly pairs: number;
  readonly paired: boolean;
  readonly against: number;
  readonly scores: readonly Score[];
  readonly standings: readonly Standing[];
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** @param fresh what noise without a known source is compared with */
export function rowOf(
  kind: string,
  pairs: readonly Pair[],
  fresh: readonly string[],
  columns: readonly NamedColumn[],
): Row {
  const paired = pairs.every((p) => p.clean !== null);
  const clean = paired ? pairs.map((p) => p.clean as string) : fresh;
  const domains = pairs.map((p) => p.domain);
  const bootstrap = { paired, seed: 1, rounds: 1000 };
  const sidesOf = ({ values }: NamedColumn): Sides => {
    const of = (list: readonly string[]): number[] => list.map((t) => values.get(t) as number);
    return { high: of(pairs.map((p) => p.noise)), low: of(clean) };
  };
  const scores = columns.map((column): Score => {
    const { high, low } = sidesOf(column);
    return {
      name: column.name,
      table: column.table,
      auc: areaUnderCurve(high, low),
      ...intervalOf({ high, low }, bootstrap),
      within: paired ? areaWithin(high, low, domains) : null,
      inPairs: paired ? mean(high.map((h, i) => (h > low[i] ? 1 : h === low[i] ? 0.5 : 0))) : null,
    };
  });
  const standings = (['mean', 'highest'] as const).map((table): Standing => {
    const best = (isOurs: boolean): number =>
      [...scores.keys()]
        .filter((i) => scores[i].table === table && scores[i].name.startsWith('model') === isOurs)
        .reduce((a, b) => (scores[b].auc > scores[a].auc ? b : a));
    const [ours, theirs] = [best(true), best(false)];
    return {
      table,
      own: scores[ours].name,
      other: scores[theirs].name,
      difference: scores[ours].auc - scores[theirs].auc,
      ...intervalOfDifference(sidesOf(columns[ours]), sidesOf(columns[theirs]), bootstrap),
    };
  });
  return { kind, pairs: pairs.length, paired, against: clean.length, scores, standings };
}

/** Means over kinds, column by column. */
export const meansOf = (rows: readonly Row[]): { name: string; table: string; auc: number }[] =>
  rows[0].scores.map(({ name, table }, i) => ({ name, table, auc: mean(rows.map((r) => r.scores[i].auc)) }));

/** A difference whose interval holds 0 is not shown by so few documents. */
function standingText({ own, other, difference, low, high }: Standing): string {
  const numbers = `${difference.toFixed(3)}, ${low.toFixed(2)} to ${high.toFixed(2)}`;
  const how = difference === 0 ? 'level with' : difference < 0 ? 'below' : 'above';
  const shown = low > 0 || high < 0 || difference === 0 ? '' : ', not shown';
  return `${own} ${how} ${other} (${numbers}${shown})`;
}

const TITLES = {
  mean: 'Whole text: bits per byte (ppl_bits_per_byte), gzip ratio',
  highest: 'The 512 bytes with most: bits per byte (ppl_bits_per_byte_max), gzip ratio',
} as const;

export function markdownOf(rows: readonly Row[]): string {
  const lines: string[] = [];
  const line = (cells: readonly string[]): void => void lines.push(`| ${cells.join(' | ')} |`);
  const head = (title: string, cells: readonly string[]): void => {
    lines.push('', title, '');
    line(cells);
    line(cells.map(() => '---'));
  };
  const of = (r: Row, table: string): readonly Score[] => r.scores.filter((s) => s.table === table);
  for (const table of ['mean', 'highest'] as const) {
    head(TITLES[table], ['kind', 'documents', ...of(rows[0], table).map((s) => s.name), 'best of each side']);
    for (const r of rows) {
      const cells = of(r, table).map((s) => `${s.auc.toFixed(3)} (${s.low.toFixed(2)} to ${s.high.toFixed(2)})`);
      const documents = r.paired ? `${r.pairs} pairs` : `${r.pairs} against ${r.against}`;
      line([r.kind, documents, ...cells, standingText(r.standings.find((x) => x.table === table)!)]);
    }
    const means = meansOf(rows).filter((m) => m.table === table);
    line(['mean', '', ...means.map((m) => m.auc.toFixed(3)), '']);
  }
  for (const [field, title] of [
    ['within', 'Whole text, noise against documents of the domain that it was made in'],
    ['inPairs', 'Whole text, share of pairs in which the noise has more than the document it was made from'],
  ] as const) {
    head(title, ['kind', 'documents', ...of(rows[0], 'mean').map((s) => s.name)]);
    for (const r of rows.filter((x) => x.paired))
      line([r.kind, `${r.pairs} pairs`, ...of(r, 'mean').map((s) => (s[field] as number).toFixed(3))]);
  }
  return `${lines.join('\n')}\n`;
}

import type { ClozeItem } from '../forgetting/items.ts';
import { isRight } from '../forgetting/measures.ts';
import { type Interval, pairedInterval, ratioError, type Spread, spreadOf } from '../statistics/paired.ts';
import type { ArmResult } from './arm-training.ts';
import type { ComparedDocument } from './hold-out.ts';

/** What a row measures. */
export type Measure = 'bits per byte' | 'log-likelihood of the right choice, bits' | 'right choices, %';

/** One measured thing: of every arm, and as differences to the first. */
export interface ComparedRow {
  readonly measure: Measure;
  /** `all`, a domain, or where the documents come from. */
  readonly scope: string;
  /** Whether this row decides the verdict of its measure. */
  readonly headline: boolean;
  readonly better: 'lower' | 'higher';
  /** Documents or items. */
  readonly n: number;
  readonly arms: readonly Spread[];
  /** Of every arm but the first, to it. */
  readonly differences: readonly Interval[];
}

/** Bytes of documents that all arms have, below which all that is held out decides. */
const LEAST_SHARED = 8192;

/** Results by arm, then by seed in one order. */
type Results = readonly (readonly ArmResult[])[];

/** Which documents decide: those that every arm has, unless they are too few. */
export function sharedDocuments(documents: readonly ComparedDocument[], arms: number): readonly number[] | null {
  const shared = [...documents.keys()].filter((i) => documents[i].arms.length === arms);
  const bytes = shared.reduce((n, i) => n + Buffer.byteLength(documents[i].text), 0);
  return bytes >= LEAST_SHARED ? shared : null;
}

/**
 * Rows of a comparison: bits per byte over what decides, by domain, and by which arms have the documents; then what the
 * probes say, over all items and by domain.
 */
export function comparedRows(
  results: Results,
  documents: readonly ComparedDocument[],
  items: readonly ClozeItem[],
  names: readonly string[],
): ComparedRow[] {
  const all = [...documents.keys()];
  const shared = sharedDocuments(documents, names.length);
  const decides = shared ?? all;
  const bits = (scope: string, of: readonly number[], headline = false): ComparedRow =>
    rowOf(results, { measure: 'bits per byte', scope, headline, better: 'lower', n: of.length }, (result) => ({
      values: of.map((i) => result.documents.bits[i] ?? 0),
      sizes: of.map((i) => result.documents.bytes[i]),
    }));
  const rows = [bits('all', decides, true)];
  const domains = distinct(decides.map((i) => documents[i].domain));
  if (domains.length > 1)
    for (const domain of domains)
      rows.push(
        bits(
          domain,
          decides.filter((i) => documents[i].domain === domain),
        ),
      );
  if (shared !== null)
    for (const arms of distinct(all.map((i) => JSON.stringify(documents[i].arms)))) {
      const of = JSON.parse(arms) as number[];
      const rest = all.filter((i) => JSON.stringify(documents[i].arms) === arms);
      if (of.length < names.length) rows.push(bits(`only in ${of.map((i) => names[i]).join(', ')}`, rest));
    }
  const probe = (scope: string, of: readonly number[], headline = false): ComparedRow[] => [
    rowOf(
      results,
      { measure: 'log-likelihood of the right choice, bits', scope, headline, better: 'higher', n: of.length },
      (result) => ({ values: of.map((i) => rightBits(result, items, i)), sizes: of.map(() => 1) }),
    ),
    rowOf(results, { measure: 'right choices, %', scope, headline, better: 'higher', n: of.length }, (result) => ({
      values: of.map((i) => (isRight(result.items[i], items[i].answer) ? 100 : 0)),
      sizes: of.map(() => 1),
    })),
  ];
  const counted = [...items.keys()].filter((i) =>
    results.every((arm) => arm.every((r) => r.items[i].every((b) => b !== null))),
  );
  if (counted.length > 0) rows.push(...probe('all', counted, true));
  const subjects = distinct(counted.map((i) => items[i].domain));
  if (subjects.length > 1)
    for (const subject of subjects)
      rows.push(
        ...probe(
          subject,
          counted.filter((i) => items[i].domain === subject),
        ),
      );
  return rows;
}

const distinct = (values: readonly string[]): string[] => [...new Set(values)].sort();

const rightBits = (result: ArmResult, items: readonly ClozeItem[], i: number): number =>
  result.items[i][items[i].answer] ?? 0;

type RowHead = Pick<ComparedRow, 'measure' | 'scope' | 'headline' | 'better' | 'n'>;

/** @param of what the row sums in one result, entry by entry: sum(values) / sum(sizes) */
function rowOf(
  results: Results,
  head: RowHead,
  of: (result: ArmResult) => { readonly values: readonly number[]; readonly sizes: readonly number[] },
): ComparedRow {
  const parts = results.map((arm) => arm.map(of));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const ratios = parts.map((arm) => arm.map(({ values, sizes }) => sum(values) / Math.max(1e-12, sum(sizes))));
  const [first, ...others] = ratios;
  return {
    ...head,
    arms: ratios.map(spreadOf),
    differences: others.map((arm, k) => {
      const seeds = arm.map((_, s) => s);
      const { sizes } = parts[0][0];
      // Of every document, over the seeds: what the choice of documents does to the mean difference.
      const perDocument = sizes.map(
        (_, i) => sum(seeds.map((s) => parts[k + 1][s].values[i] - parts[0][s].values[i])) / seeds.length,
      );
      return pairedInterval(
        seeds.map((s) => arm[s] - first[s]),
        ratioError(perDocument, sizes),
      );
    }),
  };
}

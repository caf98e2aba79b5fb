import {
  type Interval,
  intervalOfDocuments,
  pairedInterval,
  ratioError,
  type Spread,
  spreadOf,
} from '../statistics/paired.ts';
import type { ClozeItem } from './items.ts';
import { type ChoiceBits, type DocumentBits, type HeldOutDocument, isRight } from './measures.ts';

/** What was measured of one model. `BitsPerByte` of a training is one, without documents and items. */
export interface ModelMeasures {
  readonly bitsPerByte: number | null;
  readonly byDomain: Readonly<Record<string, number>>;
  /** Entry by entry of the documents that were measured on. */
  readonly documents?: DocumentBits;
  /** Entry by entry of the items. */
  readonly items?: readonly ChoiceBits[];
  /** Steps of training on a domain after which it is as before; null: not within those that were tried. */
  readonly revivalSteps?: Readonly<Record<string, number | null>>;
}

export interface ForgettingInput {
  readonly before: ModelMeasures;
  /** The same training with one or several seeds. */
  readonly after: readonly ModelMeasures[];
  readonly documents?: readonly HeldOutDocument[];
  readonly items?: readonly ClozeItem[];
}

export type Judgement = 'learned' | 'forgotten' | 'within the noise' | 'not known';

/** A domain before and after. */
export interface DomainChange {
  readonly domain: string;
  readonly before: number;
  readonly after: Spread;
  /** After less before; below 0 something was learned. */
  readonly change: Interval;
  /** `not known` for a single training without its documents. */
  readonly judgement: Judgement;
  /** Mean over seeds of the steps to be as before; null where one was not; left out where nobody tried. */
  readonly revivalSteps?: number | null;
}

/** Items under one name before and after. */
export interface ItemChange {
  readonly domain: string;
  readonly n: number;
  /** Mean log-likelihood of the right choice, in bits. */
  readonly before: number;
  readonly after: Spread;
  readonly change: Interval;
  /** Share of items whose right choice is the likeliest. */
  readonly rightBefore: number;
  readonly rightAfter: Spread;
  /** Share of all items that were right before and are wrong after: a model may get better and still have them. */
  readonly negativeFlips: Spread;
  readonly positiveFlips: Spread;
}

/** What a training taught, and what it made a model forget. */
export interface ForgettingReport {
  readonly seeds: number;
  readonly domains: readonly DomainChange[];
  readonly items: readonly ItemChange[];
}

const ALL = 'all';

/**
 * A pure function of what was measured before and after. Domains and items that were not measured on both sides are
 * left out.
 */
export function learnedAndForgotten(input: ForgettingInput): ForgettingReport {
  const { before, after } = input;
  const domains = Object.keys(before.byDomain)
    .filter((name) => after.every((a) => Object.hasOwn(a.byDomain, name)))
    .sort();
  const rows = domains.map((domain) => domainChange(input, domain, (m) => m.byDomain[domain]));
  const whole = before.bitsPerByte !== null && after.every((a) => a.bitsPerByte !== null);
  if (whole && domains.length > 1) rows.push(domainChange(input, null, (m) => m.bitsPerByte!));
  return { seeds: after.length, domains: rows, items: itemChanges(input) };
}

/** @param domain null: all */
function domainChange(
  { before, after, documents = [] }: ForgettingInput,
  domain: string | null,
  bitsOf: (measures: ModelMeasures) => number,
): DomainChange {
  const own = [...documents.keys()].filter((i) => domain === null || documents[i].domain === domain);
  const bitsPerDocument = (m: ModelMeasures): number[] => own.map((i) => m.documents?.bits[i] ?? 0);
  const known = own.length > 1 && before.documents !== undefined && after.every((a) => a.documents !== undefined);
  const error = known
    ? ratioError(
        meanDifference(bitsPerDocument(before), after.map(bitsPerDocument)),
        own.map((i) => before.documents!.bytes[i]),
      )
    : null;
  const change = changeOf(
    after.map((a) => bitsOf(a) - bitsOf(before)),
    error,
  );
  const revival = domain === null ? [] : after.map((a) => a.revivalSteps?.[domain]);
  const tried = revival.length > 0 && revival.every((r) => r !== undefined);
  return {
    domain: domain ?? ALL,
    before: bitsOf(before),
    after: spreadOf(after.map(bitsOf)),
    change,
    judgement: judgementOf(change),
    ...(tried && { revivalSteps: revival.some((r) => r === null) ? null : spreadOf(revival as number[]).mean }),
  };
}

/** Over seeds and documents; over the documents alone for a single training. */
const changeOf = (differences: readonly number[], error: number | null): Interval =>
  differences.length === 1 && error !== null
    ? intervalOfDocuments(differences[0], error)
    : pairedInterval(differences, error ?? 0);

const judgementOf = ({ low, verdict }: Interval): Judgement => {
  if (low === null) return 'not known';
  return verdict === 'lower' ? 'learned' : verdict === 'higher' ? 'forgotten' : verdict;
};

/** Entry by entry, over seeds. */
const meanDifference = (before: readonly number[], after: readonly (readonly number[])[]): number[] =>
  before.map((b, i) => after.reduce((sum, a) => sum + a[i] - b, 0) / after.length);

function itemChanges({ before, after, items = [] }: ForgettingInput): ItemChange[] {
  const all = [before, ...after];
  if (all.some((m) => m.items === undefined)) return [];
  // An item that one of the models gives no likelihood to says nothing of a change.
  const counted = [...items.keys()].filter((i) => all.every((m) => m.items![i].every((b) => b !== null)));
  const change = (domain: string, of: readonly number[]): ItemChange => {
    const right = (m: ModelMeasures): number[] => of.map((i) => m.items![i][items[i].answer]!);
    const hits = (m: ModelMeasures): boolean[] => of.map((i) => isRight(m.items![i], items[i].answer));
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const share = (flags: readonly boolean[]): number => flags.filter(Boolean).length / flags.length;
    const was = hits(before);
    const flips = (from: boolean): Spread =>
      spreadOf(after.map((a) => share(hits(a).map((is, i) => was[i] === from && is !== from))));
    const error = ratioError(
      meanDifference(right(before), after.map(right)),
      of.map(() => 1),
    );
    return {
      domain,
      n: of.length,
      before: mean(right(before)),
      after: spreadOf(after.map((a) => mean(right(a)))),
      change: changeOf(
        after.map((a) => mean(right(a)) - mean(right(before))),
        of.length > 1 ? error : null,
      ),
      rightBefore: share(was),
      rightAfter: spreadOf(after.map((a) => share(hits(a)))),
      negativeFlips: flips(true),
      positiveFlips: flips(false),
    };
  };
  const subjects = [...new Set(counted.map((i) => items[i].domain))].sort();
  const rows = subjects.map((s) =>
    change(
      s,
      counted.filter((i) => items[i].domain === s),
    ),
  );
  return subjects.length > 1 ? [...rows, change(ALL, counted)] : rows;
}

import type { Amount } from '../../streams/commits/counters.ts';
import { dropsFor } from '../../streams/operator.ts';
import { KEPT } from './columns.ts';
import type { Decisions } from './decisions.ts';
import { domainOf } from './places.ts';
import { isMovable } from './plan.ts';
import type { Prepared } from './prepared.ts';
import { RowList } from './row-list.ts';
import { addRow, BEFORE, KINDS, LOST, NOW, OPEN, PERHAPS, READ, SAVED } from './sums.ts';

/** Of one domain, or of all. Bytes are those of the texts as read, tokens those of the ledger. */
export interface Shift {
  readonly domain: string;
  readonly read: Amount;
  /** Kept by the thresholds of the run. */
  readonly before: Amount;
  /** Kept for certain by the changed ones. */
  readonly kept: Amount;
  /** Kept before, dropped now; the other way round. Both for certain. */
  readonly lost: Amount;
  readonly saved: Amount;
  /** Dropped before, and by nothing now that the ledger knows; a later step would have to judge them. Among `open`. */
  readonly perhaps: Amount;
  /** Not known: the documents would have to be judged. */
  readonly open: Amount;
}

export interface OpenStep {
  readonly step: string;
  readonly documents: number;
}

/** What other thresholds would change. */
export interface WhatIf {
  /** Every document is decided; else `kept` is between `total.kept` and that with `total.open`. */
  readonly exact: boolean;
  readonly total: Shift;
  /** By name. */
  readonly domains: readonly Shift[];
  /** Documents that the ledger cannot decide, by the first step that would have to. */
  readonly open: readonly OpenStep[];
  /** Steps whose recorded decisions do not follow from the columns: nothing exact can be said of them. */
  readonly contradictions: readonly OpenStep[];
  /** Documents that newly come to a step which removes copies, each of which may take the place of a kept one. */
  readonly displacing: number;
  /** Steps that decide and that the run, with `--annotate-only`, did not take: the numbers are as if they kept all. */
  readonly skipped: readonly string[];
  /** Rows of the ledger, in its order. */
  readonly lost: Int32Array;
  readonly saved: Int32Array;
  readonly perhaps: Int32Array;
}

/** Compares decisions with those of the run, by domain. Time: that of the rows that have changed, and a comparison. */
export function tally({ columns, plan, before, sums, contradictions }: Prepared, now: Decisions): WhatIf {
  const { rows, domains } = columns;
  const amounts = sums.amounts.slice();
  const openBy = sums.openBy.slice();
  const lost = new RowList();
  const saved = new RowList();
  const perhaps = new RowList();
  const { touched } = now;
  const end = touched?.length ?? rows;
  for (let k = 0; k < end; k++) {
    const i = touched === null ? k : touched[k];
    const was = before.dropped[i];
    const is = now.dropped[i];
    const wasOpen = before.open[i];
    const isOpen = now.open[i];
    if (was === is && wasOpen === isOpen) continue;
    const wasKept = was === KEPT && wasOpen < 0;
    const isKept = is === KEPT && isOpen < 0;
    if (was === KEPT) addRow(amounts, columns, i, wasKept ? NOW : OPEN, -1);
    if (was === KEPT && !wasKept) openBy[wasOpen]--;
    if (is === KEPT) addRow(amounts, columns, i, isKept ? NOW : OPEN, 1);
    if (is === KEPT && !isKept) openBy[isOpen]++;
    if (wasKept && is !== KEPT) {
      addRow(amounts, columns, i, LOST, 1);
      lost.add(i);
    } else if (isKept && !wasKept) {
      addRow(amounts, columns, i, SAVED, 1);
      saved.add(i);
    } else if (is === KEPT && was !== KEPT) {
      addRow(amounts, columns, i, PERHAPS, 1);
      perhaps.add(i);
    }
  }
  const byDomain = new Map<string, Shift>();
  for (const [d, place] of domains.entries()) {
    const shift = shiftOf(amounts, d, domainOf(place));
    const other = byDomain.get(shift.domain);
    byDomain.set(shift.domain, other ? added(other, shift) : shift);
  }
  const shifts = [...byDomain.values()]
    .filter((s) => s.read.documents > 0)
    .sort((a, b) => (a.domain < b.domain ? -1 : 1));
  const open = plan.steps.flatMap(({ step }, j) => (openBy[j] > 0 ? [{ step, documents: openBy[j] }] : []));
  const against = [...contradictions].map(([step, documents]) => ({ step, documents }));
  const skipped = plan.undecided
    ? plan.steps.filter((s) => dropsFor(s) !== null && !isMovable(s)).map((s) => s.step)
    : [];
  return {
    skipped,
    exact: skipped.length === 0 && open.length === 0 && against.length === 0 && now.displacing === 0,
    total: shifts.reduce(added, shiftOf(new Float64Array(KINDS * 3), 0, 'all')),
    domains: shifts,
    open,
    contradictions: against,
    displacing: now.displacing,
    lost: lost.rows,
    saved: saved.rows,
    perhaps: perhaps.rows,
  };
}

function shiftOf(sums: Float64Array, domain: number, name: string): Shift {
  const of = (k: number): Amount => {
    const at = 3 * (domain * KINDS + k);
    return { documents: sums[at], bytes: sums[at + 1], tokens: sums[at + 2] };
  };
  const [read, before, kept, lost, saved, open, perhaps] = [READ, BEFORE, NOW, LOST, SAVED, OPEN, PERHAPS].map(of);
  return { domain: name, read, before, kept, lost, saved, perhaps, open };
}

const plus = (a: Amount, b: Amount): Amount => ({
  documents: a.documents + b.documents,
  bytes: a.bytes + b.bytes,
  tokens: a.tokens + b.tokens,
});

const added = (a: Shift, b: Shift): Shift => ({
  domain: a.domain,
  read: plus(a.read, b.read),
  before: plus(a.before, b.before),
  kept: plus(a.kept, b.kept),
  lost: plus(a.lost, b.lost),
  saved: plus(a.saved, b.saved),
  perhaps: plus(a.perhaps, b.perhaps),
  open: plus(a.open, b.open),
});

/** An amount whose tokens are null where no step of the run has counted or estimated any. */
export type AsKnown<T> = T extends Amount
  ? Omit<T, 'tokens'> & { readonly tokens: number | null }
  : T extends readonly (infer I)[]
    ? readonly AsKnown<I>[]
    : T extends object
      ? { readonly [K in keyof T]: AsKnown<T[K]> }
      : T;

/** The numbers of an answer as they are told: no token counts are null, not 0. */
export function asKnown<T extends Pick<WhatIf, 'total' | 'domains'>>(found: T): AsKnown<T> {
  const { read, before, kept } = found.total;
  const measured = read.tokens + before.tokens + kept.tokens > 0;
  const known = (key: string, value: unknown): unknown => (key === 'tokens' && !measured ? null : value);
  return JSON.parse(JSON.stringify(found, known)) as AsKnown<T>;
}

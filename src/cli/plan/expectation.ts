import { type Amount, type Counters, cameIn, domainCounters, lostDocuments } from '../../streams/commits/counters.ts';
import { studentT } from '../../training/statistics/student-t.ts';

/** What was read of one stretch of the input. */
export interface Tried {
  /** Stretches of one file are compared with each other. */
  readonly file: number;
  /** How many documents of the input each of its documents stands for. */
  readonly weight: number;
  /** Share of the stretch that was read, 0 to 1. */
  readonly read: number;
  /** Others might have been chosen in its stead. */
  readonly drawn: boolean;
  /** Counters of each batch, in input order. */
  readonly batches: readonly Counters[];
}

/**
 * An expected share with the range in which 95 of 100 such probes would have it. Equal ends: all of the input was
 * tried.
 */
export interface Share {
  /** Documents of the input, about. */
  readonly documents: number;
  readonly textBytes: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

export interface Expectation {
  readonly all: Share;
  readonly domains: Readonly<Record<string, Share>>;
  /** Text and estimated tokens of what is kept. */
  readonly kept: Amount;
  readonly quarantined: number;
  /** Rules by the share of all documents that they leave out, the greatest first. */
  readonly reasons: readonly { readonly step: string; readonly rule: string; readonly share: number }[];
}

/**
 * What a run would keep, when every stretch counts as much as it stands for.
 * @param drawnShare share of the stretches there are that were tried
 */
export function expectationOf(tried: readonly Tried[], drawnShare = 1): Expectation {
  const sum = (pick: (c: Counters) => number): number =>
    tried.reduce((n, t) => n + t.weight * t.batches.reduce((m, c) => m + pick(c), 0), 0);
  const names = new Set(tried.flatMap((t) => t.batches.flatMap((c) => Object.keys(c.domains))));
  const own = (c: Counters, name: string) => (Object.hasOwn(c.domains, name) ? c.domains[name] : null);
  const into = (c: Counters, name: string): Amount => cameIn(own(c, name) ?? domainCounters());
  const share = (x: (c: Counters) => number, y: (c: Counters) => number, bytes: (c: Counters) => number): Share => ({
    documents: sum(x),
    textBytes: sum(bytes),
    ...rangeOf(tried, x, y, drawnShare),
  });
  const all = share(
    (c) => cameIn(c).documents,
    (c) => c.kept.documents,
    (c) => cameIn(c).bytes,
  );
  const domains = [...names].map((name): [string, Share] => [
    name,
    share(
      (c) => into(c, name).documents,
      (c) => own(c, name)?.kept.documents ?? 0,
      (c) => into(c, name).bytes,
    ),
  ]);
  domains.sort((a, b) => b[1].textBytes - a[1].textBytes || (a[0] < b[0] ? -1 : 1));
  const rules = new Map<string, { step: string; rule: string; share: number }>();
  for (const t of tried)
    for (const c of t.batches)
      for (const [step, own] of Object.entries(c.steps))
        for (const [rule, { dropped }] of Object.entries(own)) {
          const before = rules.get(`${step}/${rule}`)?.share ?? 0;
          rules.set(`${step}/${rule}`, { step, rule, share: before + (t.weight * dropped) / all.documents });
        }
  return {
    all,
    domains: Object.fromEntries(domains),
    kept: {
      documents: sum((c) => c.kept.documents),
      bytes: sum((c) => c.kept.bytes),
      tokens: sum((c) => c.kept.tokens),
    },
    quarantined: sum(lostDocuments),
    reasons: [...rules.values()]
      .filter((r) => r.share > 0)
      .sort((a, b) => b.share - a.share || (a.rule < b.rule ? -1 : 1)),
  };
}

/**
 * A ratio of weighted sums, and its 95 % range from how much batches of one file, and stretches that were drawn, differ
 * (linearised variance of a ratio in two stages: Cochran, Sampling Techniques, chapters 6 and 11); with few of them
 * wider, by Student's t. Never narrower than so many documents could give by chance (Wilson's interval, which also
 * holds at 0 and 1).
 */
function rangeOf(
  tried: readonly Tried[],
  x: (c: Counters) => number,
  y: (c: Counters) => number,
  drawnShare: number,
): Pick<Share, 'share' | 'low' | 'high'> {
  let [all, kept, read, expected] = [0, 0, 0, 0];
  for (const t of tried)
    for (const c of t.batches) {
      all += t.weight * x(c);
      kept += t.weight * y(c);
      read += x(c);
      expected += x(c) / Math.max(t.read, 1e-9);
    }
  if (all === 0) return { share: 0, low: 0, high: 1 };
  const share = kept / all;
  const some = tried.filter((t) => t.batches.some((c) => x(c) > 0));
  const drawn = some.filter((t) => t.drawn);
  const whole = some.every((t) => t.read >= 1) && drawn.length === 0;
  if (whole) return { share, low: share, high: share };
  const parts = (t: Tried): number[] => t.batches.map((c) => (t.weight * (y(c) - share * x(c))) / all);
  const totals = drawn.map((t) => parts(t).reduce((a, b) => a + b, 0));
  let within = 0;
  let freedom = 0;
  for (const group of groupsOf(some)) {
    const own = group.flatMap(parts);
    const open = Math.max(0, 1 - group.reduce((n, t) => n + t.read, 0) / group.length);
    within += open * (group[0].drawn ? drawnShare : 1) * spread(own);
    if (open > 0) freedom += Math.max(1, own.length - 1);
  }
  const between = (1 - drawnShare) * spread(totals);
  if (drawn.length > 0) freedom = Math.max(1, drawn.length - 1);
  const variance = within + between;
  const unread = drawn.length > 0 ? 1 : 1 - read / expected;
  const most = read / Math.max(unread, 1e-9);
  const size = variance > 0 ? Math.min(most, (share * (1 - share)) / variance) : most;
  return { share, ...wilson(share, size, studentT(freedom)) };
}

/** Stretches of one file; each alone that was drawn. */
function groupsOf(tried: readonly Tried[]): readonly (readonly Tried[])[] {
  const files = new Map<number, Tried[]>();
  for (const t of tried) if (!t.drawn) files.set(t.file, [...(files.get(t.file) ?? []), t]);
  return [...files.values(), ...tried.filter((t) => t.drawn).map((t) => [t])];
}

/** Variance of a sum, from how its parts differ; of a single one, from 0. */
function spread(parts: readonly number[]): number {
  const n = parts.length;
  if (n === 0) return 0;
  const mean = n > 1 ? parts.reduce((a, b) => a + b, 0) / n : 0;
  return (n > 1 ? n / (n - 1) : 1) * parts.reduce((s, e) => s + (e - mean) ** 2, 0);
}

function wilson(p: number, n: number, t: number): { low: number; high: number } {
  const middle = (p + t ** 2 / (2 * n)) / (1 + t ** 2 / n);
  const half = (t * Math.sqrt((p * (1 - p)) / n + t ** 2 / (4 * n ** 2))) / (1 + t ** 2 / n);
  return { low: Math.min(p, Math.max(0, middle - half)), high: Math.max(p, Math.min(1, middle + half)) };
}

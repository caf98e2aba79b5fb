import type { GuardKind, JudgedGuard } from '../../ledger/run-json.ts';
import type { Band, Expected } from '../../recipe/recipe.ts';
import { type Counters, cameIn, lostDocuments } from '../../streams/commits/counters.ts';
import type { DuplicateCluster } from '../../streams/commits/log.ts';
import { FAILURE_REASONS } from '../../streams/split/isolate.ts';
import type { Allow } from '../options.ts';

/** What the guards of a run hold, unless its recipe expects something else. Shares of the documents read. */
export const GUARD_DEFAULTS = {
  /** One rule of one step. */
  rule: { min: 0, max: 0.6 },
  /** One document and its copies, per dedup step. */
  cluster: { min: 0, max: 0.05 },
  /** Everything that the run drops. A domain has no limit but the one that its recipe states. */
  drop_share: { min: 0, max: 0.98 },
  /** Records that could not be read. */
  quarantine: { min: 0, max: 0.2 },
  /** Documents that were read, and on which a step failed. */
  failed: { min: 0, max: 0.01 },
} as const;

/** Below so many documents of a scope a share says nothing, and no guard of that scope stops a run. */
export const GUARD_DOCUMENTS = 1000;
/** So many documents on which a step fails are no accident, however few were read. */
export const GUARD_FAILED = 10;
/** From this part of a limit on the summary shows it. */
const NEAR = 0.8;

export interface GuardScene {
  readonly expected: Expected;
  readonly allow: Allow;
  readonly counters: Counters;
  /** Largest cluster of each dedup step that has decided. */
  readonly clusters: Readonly<Record<string, DuplicateCluster>>;
  /**
   * False while documents are still to come or to be judged: what is dropped can only grow, so only the upper ends are
   * judged.
   */
  readonly final: boolean;
}

/** Judges totals by every guard there is. */
export function judgeGuards({ expected, allow, counters: c, clusters, final }: GuardScene): JudgedGuard[] {
  const read = cameIn(c).documents;
  const judge = (guard: GuardKind, of: string, documents: number, outOf: number, band: Band | undefined) => {
    const { min, max } = band ?? GUARD_DEFAULTS[guard];
    const share = outOf === 0 ? 0 : documents / outOf;
    const outside = share > max || (final && share < min);
    const many = guard === 'failed' ? documents >= GUARD_FAILED : outOf >= GUARD_DOCUMENTS;
    const near = many && max < 1 && share >= NEAR * max;
    const state = outside ? (many ? 'outside' : 'few') : near ? 'near' : 'within';
    const allowed = allows(allow, guard, of);
    return { guard, of, documents, outOf, share, min, max, stated: band !== undefined, state, allowed } as const;
  };
  const judged: JudgedGuard[] = [judge('drop_share', 'all', c.dropped.documents, read, expected.all)];
  for (const [name, band] of Object.entries(expected.domains)) {
    const domain = Object.hasOwn(c.domains, name) ? c.domains[name] : null;
    if (domain) judged.push(judge('drop_share', name, domain.dropped.documents, cameIn(domain).documents, band));
  }
  for (const [step, rules] of Object.entries(c.steps))
    for (const [rule, { dropped }] of Object.entries(rules)) {
      const band = Object.hasOwn(expected.rules, rule) ? expected.rules[rule] : undefined;
      judged.push(judge('rule', `${step}.${rule}`, dropped, read, band));
    }
  for (const [step, { documents }] of Object.entries(clusters))
    judged.push(judge('cluster', step, documents, read, expected.cluster));
  const guess = c.quarantined.estimated > 0 ? ({ estimated: true } as const) : {};
  judged.push({ ...judge('quarantine', 'all', lostDocuments(c), read, expected.quarantine), ...guess });
  const failed = FAILURE_REASONS.reduce((n, r) => n + (c.quarantined.byReason[r] ?? 0), 0);
  if (failed > 0) judged.push(judge('failed', 'all', failed, read, undefined));
  return judged;
}

function allows(allow: Allow, guard: GuardKind, of: string): boolean {
  switch (guard) {
    case 'rule':
      return allow.rule.includes(of) || allow.rule.includes(of.slice(of.indexOf('.') + 1));
    case 'cluster':
      return allow.cluster.includes(of);
    case 'drop_share':
      return allow.dropShare.includes(of);
    case 'quarantine':
    case 'failed':
      return allow.quarantine;
  }
}

/** The guard that stops a run: the first that is outside its band and not allowed. */
export const trippedGuard = (judged: readonly JudgedGuard[]): JudgedGuard | null =>
  judged.find((g) => g.state === 'outside' && !g.allowed) ?? null;

/**
 * What run.json says of guards: the greatest share of each kind, and all that the recipe states or that came near a
 * limit.
 */
export function guardsToRecord(judged: readonly JudgedGuard[]): JudgedGuard[] {
  const greatest = new Map<GuardKind, JudgedGuard>();
  for (const g of judged) {
    const other = greatest.get(g.guard);
    if (!other || g.share > other.share) greatest.set(g.guard, g);
  }
  return judged.filter((g) => g.stated || g.state !== 'within' || greatest.get(g.guard) === g);
}

import { ABSENT } from './columns.ts';
import type { Decisions } from './decisions.ts';
import type { Prepared } from './prepared.ts';

/** What a rule does beside the others, over the documents of which the ledger has its value. */
export interface RuleOverlap {
  readonly step: string;
  readonly rule: string;
  /** Documents with a value that the rule judges, or would. */
  readonly judged: number;
  readonly failed: number;
  /** Of `failed`: those of which the rule is the first to fail in recipe order, of the rules that drop. */
  readonly first: number;
  /** Of `failed`: those that no other known rule fails. Without the rule these would pass. */
  readonly alone: number;
  /** Of `failed`: how many each other rule fails too, in the order of the list. */
  readonly shared: readonly number[];
}

/**
 * How rules overlap: a rule that fails documents and none alone is redundant as far as the ledger tells. Counts are of
 * values that are known; of a document that an early step dropped, later columns are not.
 */
export function ruleOverlap({ columns, plan }: Prepared, { fails }: Decisions): RuleOverlap[] {
  const n = plan.rules.length;
  const width = plan.domains.length;
  const [judged, failed, first, alone] = [0, 0, 0, 0].map(() => new Float64Array(n));
  const shared = new Float64Array(n * n);
  const places = new Float64Array((plan.steps.length + 1) * width);
  const set: number[] = [];
  const shadows = plan.rules.map((r) => r.rule.shadow === true);
  for (let i = 0; i < columns.rows; i++) {
    if (columns.stepOf[i] === ABSENT) continue;
    places[(columns.stepOf[i] + 1) * width + columns.domain[i]]++;
    set.length = 0;
    for (let w = 0; w < fails.length; w++)
      for (let m = fails[w][i]; m !== 0; m &= m - 1) set.push((w << 5) + 31 - Math.clz32(m & -m));
    if (set.length === 0) continue;
    const drops = set.filter((k) => !shadows[k]);
    if (drops.length > 0) first[drops[0]]++;
    if (set.length === 1) alone[set[0]]++;
    for (const a of set) {
      failed[a]++;
      for (const b of set) shared[a * n + b]++;
    }
  }
  plan.rules.forEach(({ known }, k) => {
    for (let at = 0; at < places.length; at++) if (known[at] === 1) judged[k] += places[at];
  });
  return plan.rules.map(({ step, rule }, k) => ({
    step: plan.steps[step].step,
    rule: rule.name,
    judged: judged[k],
    failed: failed[k],
    first: first[k],
    alone: alone[k],
    shared: Array.from(shared.subarray(k * n, (k + 1) * n)),
  }));
}

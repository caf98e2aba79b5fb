import { canonicalJson } from '../../hash.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import { columnsOfRule, holds, leavesOf, withThreshold } from '../../streams/batch/condition.ts';
import type { Rule } from '../../streams/batch/outcome.ts';
import {
  createsDocuments,
  isBarrier,
  isRules,
  type Json,
  rewritesText,
  type StepDescriptor,
} from '../../streams/operator.ts';
import { covers } from '../../streams/scope.ts';
import { readColumns } from './earlier-rows.ts';
import { type EarlierRun, stepsIn } from './earlier-run.ts';
import { essence } from './taken-steps.ts';

/** A rule whose threshold is another one now. */
export interface ChangedRule {
  /** Place of its step. */
  readonly at: number;
  readonly step: StepDescriptor;
  readonly before: Rule;
  readonly now: Rule;
}

/** Steps that look at all documents whose decisions stand whole in the ledger: which copy falls, and for what. */
const RECORDED: ReadonlySet<unknown> = new Set(['dedup/exact', 'dedup/normalized', 'dedup/minhash']);

/**
 * What has changed of a recipe, where it is thresholds of plain rules alone, behind every step that looks at more than
 * one document: then those have decided as they did, and a split in which nothing changes is as it was. Null where
 * more has changed.
 */
export function changedRules(before: Pick<RunJson, 'recipe'>, now: Pick<RunJson, 'recipe'>): ChangedRule[] | null {
  const rest = ({ recipe }: Pick<RunJson, 'recipe'>): string =>
    canonicalJson({ ...(recipe as { readonly [key: string]: Json }), steps: null });
  const [old, fresh] = [stepsIn(before), stepsIn(now)];
  if (rest(before) !== rest(now) || old.steps.length !== fresh.steps.length) return null;
  if (old.steps.some((s) => s.external)) return null;
  const barriers = old.steps.filter(isBarrier);
  if (barriers.length > 0 && old.steps.some(createsDocuments)) return null;
  if (!barriers.every((s) => RECORDED.has(s.stage) && s.writes.length === 0 && !rewritesText(s))) return null;
  const last = old.steps.findLastIndex(isBarrier);
  const changed: ChangedRule[] = [];
  for (const [at, step] of fresh.steps.entries()) {
    const then = old.steps[at];
    if (canonicalJson(then as unknown as Json) === canonicalJson(step as unknown as Json)) continue;
    if (at < last || !isRules(step) || step.writes.length > 0 || essence(then, old) !== essence(step, fresh))
      return null;
    if (canonicalJson(then.rules.map(anyThreshold)) !== canonicalJson(step.rules.map(anyThreshold))) return null;
    step.rules.forEach((rule, k) => {
      const was = then.rules[k];
      if (canonicalJson(was as unknown as Json) === canonicalJson(rule as unknown as Json)) return;
      changed.push({ at, step, before: was, now: rule });
    });
  }
  const writers = (column: string): number => fresh.steps.filter((s) => s.writes.some((w) => w.name === column)).length;
  // Of a column that is written twice the ledger has one value.
  return changed.some((c) => columnsOfRule(c.now).some((name) => writers(name) > 1)) ? null : changed;
}

const anyThreshold = (rule: Rule): Json =>
  leavesOf(rule).reduce<Rule>((r, _, k) => withThreshold(r, k, 0), rule) as unknown as Json;

/** Whether no line of the ledger of a split, and so nothing of it, depends on which of the thresholds hold. */
export async function isUnchanged(
  earlier: EarlierRun,
  changed: readonly ChangedRule[],
  split: number,
): Promise<boolean> {
  const names = [...new Set(changed.flatMap((c) => columnsOfRule(c.now)))];
  const columns = await readColumns(earlier.pieces(split), ['outcome', 'step', 'rule', 'domain', ...names]);
  const of = (name: string) => columns.get(name)!;
  const steps = earlier.folder.steps.map((s) => s.step);
  const rows = of('outcome').length;
  for (let i = 0; i < rows; i++) {
    const outcome = of('outcome')[i];
    // What a step failed on has no values: whether it comes to that step now, nobody knows.
    const failedAt = outcome === 'quarantined' ? steps.indexOf(of('step')[i] as string) : -1;
    if (changed.some((c) => c.at <= failedAt)) return false;
    if (outcome !== 'kept' && outcome !== 'dropped') continue;
    const reached = outcome === 'kept' ? steps.length : steps.indexOf(of('step')[i] as string);
    const numberOf = (name: string): number | null => {
      const value = of(name)[i] ?? null;
      return value === null ? null : Number(value);
    };
    for (const { at, step, before, now } of changed) {
      if (reached < at || isOutside(step, of('domain')[i] as string | null)) continue;
      // The ledger says the threshold that was missed.
      if (reached === at && of('rule')[i] === now.name) return false;
      if (failed(before, numberOf) !== failed(now, numberOf)) return false;
    }
  }
  return true;
}

const isOutside = ({ where }: StepDescriptor, domain: string | null): boolean =>
  where !== null && 'domain' in where && !covers(where, domain);

const failed = (rule: Rule, numberOf: (column: string) => number | null): boolean =>
  holds(rule.when ?? rule, numberOf) ?? rule.onNull === 'drop';

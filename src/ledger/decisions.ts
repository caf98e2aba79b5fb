import { conditionText, holds, leavesOf, optionsOfRule } from '../streams/batch/condition.ts';
import { type Comparison, fails, type Leaf, type Rule } from '../streams/batch/outcome.ts';
import { createsDocuments, dropsFor, type Effects, effectsOf, type StepDescriptor } from '../streams/operator.ts';
import { covers, type Scope } from '../streams/scope.ts';
import { type Rescue, rescueOf, rescuesOf } from './rule-rescue.ts';

/** A row of the ledger, as far as a decision needs it. */
export interface LedgerRow {
  readonly domain: string;
  readonly outcome: string;
  /** True for a document that a step made. */
  readonly created?: boolean;
  readonly step: string | null;
  readonly rule: string | null;
  readonly value: number | null;
  readonly duplicate_of: string | null;
  readonly similarity: number | null;
  /** Annotations by name; null where nothing was written. */
  readonly annotations: Readonly<Record<string, number | string | null>>;
}

export interface RuleDecision {
  readonly rule: string;
  readonly version: number;
  readonly option: string;
  readonly column: string;
  readonly comparison: Comparison;
  readonly threshold: number;
  readonly value: number | null;
  /**
   * `passed`, `failed`, `null` (no value to judge), or `unseen`: never judged, because an earlier step had dropped the
   * document.
   */
  readonly verdict: 'passed' | 'failed' | 'null' | 'unseen';
  /** What the rule says of the value, judged or not. */
  readonly wouldFail: boolean | null;
  /** The rule that stands in the ledger. */
  readonly decisive: boolean;
  /** Null too for a rule of several comparisons: see `rescues`. */
  readonly rescue: Rescue | null;
  /** `step.option=value` for `--set` under which it passes; null where none helps or none is needed. */
  readonly setting: string | null;
  /** The same where it may take several at once, as of a rule of several comparisons. */
  readonly settings: readonly string[] | null;
  /** Of a rule of several comparisons: when it drops. `column`, `comparison`, `threshold` are those of the first. */
  readonly condition?: string;
  /** Its comparisons in the order in which they are written, with what they found; `holds` null: no value. */
  readonly comparisons?: readonly (Leaf & { readonly value: number | null; readonly holds: boolean | null })[];
  /** The fewest changes of its thresholds under which it lets the document pass; null where none does. */
  readonly rescues?: readonly (Rescue & { readonly option: string })[] | null;
  /** It judges and never drops. */
  readonly shadow?: true;
}

export interface StepDecision {
  readonly step: string;
  readonly effects: Effects;
  readonly state: 'done' | 'dropped' | 'out of scope' | 'not reached' | 'not yet made';
  /** Values that the step wrote. */
  readonly values: readonly { readonly column: string; readonly value: number | string | null }[];
  readonly rules: readonly RuleDecision[];
}

/** Every decision on one document, in the order of the recipe. */
export function decisionsOn(row: LedgerRow, steps: readonly StepDescriptor[]): StepDecision[] {
  const droppedAt = row.outcome === 'dropped' ? steps.findIndex((s) => s.step === row.step) : -1;
  // The first step that could have made it, and those before, never saw it.
  const unseen = row.created ? steps.findIndex(createsDocuments) : -1;
  return steps.map((s, i) => {
    const reached = i > unseen && (droppedAt < 0 || i <= droppedAt);
    const inScope = s.where === null || covers(s.where, scopeValueOf(s.where, row));
    const state = stateOf({ inScope, reached, made: i > unseen, dropped: i === droppedAt });
    const values =
      state === 'done' || state === 'dropped'
        ? s.writes.map((w) => ({ column: w.name, value: row.annotations[w.name] ?? null }))
        : [];
    const judges = dropsFor(s) === 'thresholds' && i > unseen;
    const rules = judges && inScope ? s.rules.map((r) => decisionOf(r, s, row, reached, i === droppedAt)) : [];
    return { step: s.step, effects: effectsOf(s), state, values, rules };
  });
}

/** What a document has in the column of a scope. */
function scopeValueOf(where: Scope, row: LedgerRow): string | null {
  if (!('column' in where)) return row.domain;
  const value = row.annotations[where.column];
  return typeof value === 'string' ? value : null;
}

interface Place {
  readonly inScope: boolean;
  readonly reached: boolean;
  readonly made: boolean;
  readonly dropped: boolean;
}

function stateOf({ inScope, reached, made, dropped }: Place): StepDecision['state'] {
  if (!made) return 'not yet made';
  if (!inScope) return 'out of scope';
  if (!reached) return 'not reached';
  return dropped ? 'dropped' : 'done';
}

function decisionOf(r: Rule, step: StepDescriptor, row: LedgerRow, reached: boolean, dropsHere: boolean): RuleDecision {
  const decisive = dropsHere && row.rule === r.name;
  const numberOf = (c: string): number | null => (typeof row.annotations[c] === 'number' ? row.annotations[c] : null);
  // Of a rule of several comparisons the ledger has the value of one that held, which need not be the first.
  const stands = decisive && row.value !== null && r.when === undefined;
  const value = stands ? row.value : numberOf(r.column);
  const holdsNow = r.when ? holds(r.when, numberOf) : value === null ? null : fails(value, r.comparison, r.threshold);
  const wouldFail = holdsNow ?? (reached && r.onNull === 'drop' ? true : null);
  const verdict = !reached ? 'unseen' : wouldFail === null ? 'null' : wouldFail ? 'failed' : 'passed';
  const { version, option, column, comparison, threshold } = r;
  const rescue = wouldFail && value !== null && r.when === undefined ? rescueOf(value, comparison) : null;
  const several = r.when && severalOf(r, numberOf, wouldFail === true);
  const changes = several ? several.rescues : rescue && [{ ...rescue, option }];
  const found = changes?.map((c) => settingOf(step, c)) ?? [];
  const settings = found.length > 0 && found.every((s) => s !== null) ? found : null;
  return {
    rule: r.name,
    version,
    option,
    column,
    comparison,
    threshold,
    value,
    verdict,
    wouldFail,
    decisive,
    rescue,
    setting: settings?.length === 1 ? settings[0] : null,
    settings,
    ...several,
    ...(r.shadow && { shadow: true as const }),
  };
}

/** What the comparisons of a rule found, and what would keep the document. */
function severalOf(
  r: Rule,
  numberOf: (column: string) => number | null,
  failed: boolean,
): Required<Pick<RuleDecision, 'condition' | 'comparisons' | 'rescues'>> {
  const options = optionsOfRule(r);
  const comparisons = leavesOf(r).map(({ column, comparison, threshold }) => {
    const value = numberOf(column);
    return { column, comparison, threshold, value, holds: value === null ? null : fails(value, comparison, threshold) };
  });
  const rescues = failed ? rescuesOf(r, numberOf) : null;
  return {
    condition: conditionText(r),
    comparisons,
    rescues: rescues?.map(({ at, ...rescue }) => ({ ...rescue, option: options[at] })) ?? null,
  };
}

/** `step.option=value`; null where the step has no such option. */
function settingOf(step: StepDescriptor, { option, threshold }: Rescue & { readonly option: string }): string | null {
  // A rule may be a switch of its step instead of a threshold.
  const camel = option.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
  if (!Object.hasOwn(step.options, option) && !Object.hasOwn(step.options, camel)) return null;
  const isSwitch = typeof step.options[camel] === 'boolean';
  return `${step.step}.${option}=${isSwitch ? 'false' : threshold}`;
}

import { conditionText, holds } from '../streams/batch/condition.ts';
import { type Comparison, fails, type Rule } from '../streams/batch/outcome.ts';
import { createsDocuments, dropsFor, type Effects, effectsOf, type StepDescriptor } from '../streams/operator.ts';
import { covers, type Scope } from '../streams/scope.ts';

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

/**
 * What a threshold would have to be for a rule to let a value pass: `comparison` holds between threshold and `bound`.
 */
export interface Rescue {
  readonly comparison: '<=' | '>=' | '<' | '>' | '!=' | '==';
  readonly bound: number;
  /** A threshold for `--set` that keeps the document. */
  readonly threshold: number;
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
  readonly rescue: Rescue | null;
  /** `step.option=value` for `--set` under which it passes; null where none helps or none is needed. */
  readonly setting: string | null;
  /** Of a rule of several comparisons: when it drops. `column`, `comparison`, `threshold` are those of the first. */
  readonly condition?: string;
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
  const known = row.annotations[r.column];
  const value = decisive && row.value !== null ? row.value : typeof known === 'number' ? known : null;
  const numberOf = (c: string): number | null => (typeof row.annotations[c] === 'number' ? row.annotations[c] : null);
  const holdsNow = r.when ? holds(r.when, numberOf) : value === null ? null : fails(value, r.comparison, r.threshold);
  const wouldFail = holdsNow ?? (reached && r.onNull === 'drop' ? true : null);
  const verdict = !reached ? 'unseen' : wouldFail === null ? 'null' : wouldFail ? 'failed' : 'passed';
  const { version, option, column, comparison, threshold } = r;
  const rescue = wouldFail && value !== null && r.when === undefined ? rescueOf(value, comparison) : null;
  // A rule may be a switch of its step instead of a threshold.
  const camel = option.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
  const isSwitch = typeof step.options[camel] === 'boolean';
  const settable = Object.hasOwn(step.options, option) || Object.hasOwn(step.options, camel);
  const setting = rescue && settable ? `${step.step}.${option}=${isSwitch ? 'false' : rescue.threshold}` : null;
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
    setting,
    ...(r.when && { condition: conditionText(r) }),
    ...(r.shadow && { shadow: true as const }),
  };
}

/** The thresholds that let a value pass: those for which `value comparison threshold` does not hold. */
export function rescueOf(value: number, comparison: Comparison): Rescue {
  switch (comparison) {
    case '<':
      return { comparison: '<=', bound: value, threshold: value };
    case '>':
      return { comparison: '>=', bound: value, threshold: value };
    case '<=':
      return { comparison: '<', bound: value, threshold: beside(value, -1) };
    case '>=':
      return { comparison: '>', bound: value, threshold: beside(value, 1) };
    case '==':
      return { comparison: '!=', bound: value, threshold: value + 1 };
    case '!=':
      return { comparison: '==', bound: value, threshold: value };
  }
}

/** The next threshold below or above: a whole number for whole numbers, else the next double. */
function beside(value: number, direction: 1 | -1): number {
  if (Number.isInteger(value)) return value + direction;
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  bits[0] += BigInt(value > 0 ? direction : -direction);
  return new Float64Array(bits.buffer)[0];
}

import { columnsOfRule } from '../../streams/batch/condition.ts';
import type { Rule } from '../../streams/batch/outcome.ts';
import { createsDocuments, dropsFor, isBarrier, rewritesText, type StepDescriptor } from '../../streams/operator.ts';
import { coversPlace, scopeColumns } from './places.ts';

/** A rule with a threshold that can be moved. Its place in `Plan.rules` is its bit. */
export interface PlanRule {
  readonly step: number;
  /** Its place among the rules of the step. */
  readonly index: number;
  readonly rule: Rule;
  /** One byte per `(stepOf + 1) * domains + domain`: 1 where the ledger has the value that the rule judges. */
  readonly known: Uint8Array;
  /** The same where it judged a value that the ledger does not have any more: a later step has written the column. */
  readonly lost: Uint8Array;
}

/** A recipe as what-if sees it. Its domains are places: see `./places.ts`. */
export interface Plan {
  readonly steps: readonly StepDescriptor[];
  readonly domains: readonly string[];
  readonly rules: readonly PlanRule[];
  /** Per step: the bits of its rules begin here. */
  readonly firstRule: readonly number[];
  /**
   * Per `(stepOf + 1) * domains + domain`: the first step from which the ledger does not say what it would decide on a
   * document that was dropped there and is no longer; -1 where all is known.
   */
  readonly unknownAfter: Int16Array;
  /** Per step and domain, one byte: the step covers the domain. */
  readonly covers: readonly Uint8Array[];
  /** The first step that makes documents; the number of steps where none does. */
  readonly creates: number;
  /** No step decided: the run was one with `--annotate-only`. */
  readonly undecided: boolean;
}

/** A step whose drops are comparisons of stored columns, so that another threshold can be tried on them. */
export const isMovable = (s: StepDescriptor): boolean =>
  dropsFor(s) === 'thresholds' && !isBarrier(s) && (s.writes.length === 0 || rewritesText(s));

/** A step that measures what it judges while it rewrites: of a document that it drops only one rule is known. */
export const judgesItself = (s: StepDescriptor): boolean => isMovable(s) && s.writes.length > 0;

/**
 * What there is to know about a recipe before any row is looked at.
 * @param annotated names of the steps that a run with `--annotate-only` took, which decided nothing; null: all of them
 *   ran and decided
 */
export function planOf(
  steps: readonly StepDescriptor[],
  domains: readonly string[],
  annotated: ReadonlySet<string> | null = null,
): Plan {
  const ran = annotated ?? new Set(steps.map((s) => s.step));
  const columns = scopeColumns(steps);
  const covers = steps.map((s) => Uint8Array.from(domains, (d) => (coversPlace(s.where, d, columns) ? 1 : 0)));
  const rules: PlanRule[] = [];
  const firstRule: number[] = [];
  steps.forEach((s, step) => {
    firstRule.push(rules.length);
    if (!isMovable(s)) return;
    s.rules.forEach((rule, index) => {
      const tables = columnsOfRule(rule).map((c) => knownTable({ steps, domains, covers, ran }, step, c));
      const known = tables[0].map((_, at) => (tables.every((t) => t[at] === 1) ? 1 : 0));
      rules.push({ step, index, rule, known, lost: lostTable(known, covers[step], step) });
    });
  });
  const found = steps.findIndex(createsDocuments);
  const width = domains.length;
  const unknownAfter = new Int16Array((steps.length + 1) * width).fill(-1);
  for (let d = -1; d < steps.length; d++)
    for (let domain = 0; domain < width; domain++) {
      const at = (d + 1) * width + domain;
      unknownAfter[at] = steps.findIndex((s, j) => {
        if (covers[j][domain] === 0 || dropsFor(s) === null) return false;
        const reached = d < 0 || j <= d;
        if (!isMovable(s)) return !reached;
        // A document that passed a step has passed its rules, known value or not.
        const judged = reached && annotated === null;
        return !judged && rules.some((r) => r.step === j && deciding(r.rule) && r.known[at] === 0);
      });
    }
  const creates = found < 0 ? steps.length : found;
  return { steps, domains, rules, firstRule, unknownAfter, covers, creates, undecided: annotated !== null };
}

/** False for a rule that judges and never drops. */
export const deciding = (rule: Rule): boolean => rule.shadow !== true;

interface Known {
  readonly steps: readonly StepDescriptor[];
  readonly domains: readonly string[];
  readonly covers: readonly Uint8Array[];
  readonly ran: ReadonlySet<string>;
}

/** Where the ledger holds the value of a column that step `judge` judges. */
function knownTable({ steps, domains, covers, ran }: Known, judge: number, column: string): Uint8Array {
  const width = domains.length;
  const known = new Uint8Array((steps.length + 1) * width);
  for (let domain = 0; domain < width; domain++) {
    if (covers[judge][domain] === 0) continue;
    const writers = steps.flatMap((s, j) =>
      covers[j][domain] === 1 && s.writes.some((w) => w.name === column) ? [j] : [],
    );
    const before = writers.filter((j) => j <= judge);
    const writer = before.at(-1) ?? -1;
    // Written again after the rule: the ledger has the later value, of documents that came so far.
    const again = writers.at(before.length);
    for (let d = -1; d < steps.length; d++) {
      const reached = d < 0 ? Number.POSITIVE_INFINITY : d;
      const written = writer < 0 || (writer <= reached && ran.has(steps[writer].step));
      if (written && (again === undefined || again > reached)) known[(d + 1) * width + domain] = 1;
    }
  }
  return known;
}

function lostTable(known: Uint8Array, covers: Uint8Array, judge: number): Uint8Array {
  return known.map((k, at) => {
    const d = Math.floor(at / covers.length) - 1;
    return k === 0 && covers[at % covers.length] === 1 && (d < 0 || d >= judge) ? 1 : 0;
  });
}

/** Bits of a word that belong to rules which drop. */
export function decidingMask(plan: Plan, word: number): number {
  let mask = 0;
  for (let b = 0; b < 32 && word * 32 + b < plan.rules.length; b++)
    if (deciding(plan.rules[word * 32 + b].rule)) mask |= 1 << b;
  return mask;
}

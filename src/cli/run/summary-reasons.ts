import { copyMeaning } from '../../ledger/copy-meaning.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import { clipped, safeExcerpt, safeText } from '../../safe-text.ts';
import { conditionText } from '../../streams/batch/condition.ts';
import type { Rule } from '../../streams/batch/outcome.ts';
import { type Counters, cameIn } from '../../streams/commits/counters.ts';
import { dropsFor, isSelection, removesCopies, type StepDescriptor } from '../../streams/operator.ts';
import { count, percent, short } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Reason } from './run-view.ts';

export const stepsOf = (result: RunJson): readonly StepDescriptor[] =>
  (result.recipe as unknown as { readonly steps: readonly StepDescriptor[] }).steps;

/** Columns before the name of a rule, and below it. */
const BEFORE = 23;
const BELOW = 22;
/** Narrower a condition says nothing. */
const LEAST_CONDITION = 24;

/** A rule with what it dropped and, where there is no room for it beside the name, its condition below; an example. */
export function reasonLines(
  { style, width }: Terminal,
  r: Reason,
  t: Counters,
  steps: readonly StepDescriptor[],
): string[] {
  const step = steps.find((s) => s.step === r.step);
  const rule = step?.rules.find((x) => x.name === r.rule);
  const beside = width - BEFORE - r.rule.length - 2;
  const isBelow = beside < LEAST_CONDITION;
  const room = isBelow ? Math.max(LEAST_CONDITION, width - BELOW) : beside;
  const means =
    step && removesCopies(step)
      ? copyMeaning(r.rule)
      : step && isSelection(step)
        ? selectionOf(step, rule)
        : rule && !(step && dropsFor(step) === 'predicate')
          ? fittedCondition(rule, room)
          : '';
  const line =
    `  ${percent(r.dropped, cameIn(t).documents).padStart(7)}  ${count(r.dropped).padStart(9)}  ` +
    style.bold(safeText(r.rule));
  const condition = means === '' ? '' : style.dim(clipped(safeText(means), room));
  const below = isBelow && condition !== '' ? [`${' '.repeat(BELOW)}${condition}`] : [];
  const lines = [isBelow || condition === '' ? line : `${line}  ${condition}`, ...below];
  const [example] = r.counters.examples;
  if (!example) return lines;
  const value =
    !(step && ['copies', 'predicate'].includes(dropsFor(step) ?? '')) && example.value !== null
      ? ` (${short(example.value)})`
      : '';
  // The id gives way to the text: there are 16 columns for it, and quotes.
  const forId = Math.max(8, Math.min(32, width - BELOW - 18 - value.length - 'e.g. : '.length));
  const label = `e.g. ${clipped(safeText(example.id), forId)}${value}: `;
  const excerpt = safeExcerpt(example.excerpt);
  const shown = excerpt === '' ? '(empty text)' : `“${clipped(excerpt, Math.max(16, width - 24 - label.length))}”`;
  return [...lines, style.dim(`${' '.repeat(BELOW)}${label}${shown}`)];
}

/** Shadow rules: what each would have dropped of the documents that came to its step. */
export function shadowLines({ style }: Terminal, t: Counters, steps: readonly StepDescriptor[]): string[] {
  const lines = steps.flatMap((s) =>
    s.rules
      .filter((r) => r.shadow)
      .map((r) => {
        const failed = t.steps[s.step]?.[r.name]?.failed ?? 0;
        const share = percent(failed, cameIn(t).documents).padStart(7);
        const condition = style.dim(safeText(conditionOf(r)));
        return `  ${share}  ${count(failed).padStart(9)}  ${style.bold(safeText(r.name))}  ${condition}`;
      }),
  );
  return lines.length > 0 ? [style.bold('Shadow rules: what they fail, and do not drop'), ...lines] : [];
}

/** Why a selection drops a document: `above the middle 50.0 % by ppl`. */
function selectionOf({ options }: StepDescriptor, rule: Rule | undefined): string {
  const { column, keep, rate, within } = options as { column: string; keep: string; rate: number; within: string };
  if (rule?.name.endsWith('_missing')) return `no ${column} to rank by`;
  const part = { low: 'lowest', medium: 'middle', high: 'highest' }[keep] ?? keep;
  // Of the middle a document can miss either end.
  const end = rule?.name.endsWith('_above') ? 'above' : 'below';
  const where = keep === 'medium' ? end : 'not in';
  return `${where} the ${part} ${percent(rate, 1)} by ${column}${within === 'domain' ? ' of its domain' : ''}`;
}

/** When a rule drops a document: `gopher_word_count < 50`. */
export const conditionOf = (r: Rule): string => conditionText(r, short);

/** A condition in so many columns: its column is cut, never its threshold. */
function fittedCondition(r: Rule, room: number): string {
  if (r.when) return conditionOf(r);
  const limit = ` ${r.comparison} ${short(r.threshold)}`;
  return clipped(safeText(r.column), Math.max(8, room - limit.length)) + limit;
}

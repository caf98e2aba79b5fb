import type { StepDecision } from '../../ledger/decisions.ts';
import type { Explanation } from '../../ledger/explain-data.ts';
import { safeText } from '../../safe-text.ts';
import { isSelection, type StepDescriptor } from '../../streams/operator.ts';
import { unscoredReason } from '../run/unscored.ts';
import { short } from '../terminal/format.ts';

const isSelected = ({ decisions }: Explanation): boolean =>
  decisions.some((s) => s.state === 'dropped' && isSelection(s));

const isAbove = ({ rule }: Explanation): boolean => rule?.endsWith('_above') === true;

/** `35.2 ≥ 31.0, the cut-off of ppl_rank_above`. */
export function cutOf(d: Explanation): string {
  if (d.value === null || d.threshold === null) return `${safeText(d.rule ?? '')}: no value to rank by`;
  return `${short(d.value)} ${isAbove(d) ? '≥' : '≤'} ${short(d.threshold)}, the cut-off of ${safeText(d.rule ?? '')}`;
}

/** What would have kept a document that a selection dropped. */
export function keptByRank(d: Explanation): string | null {
  if (!isSelected(d)) return null;
  if (d.threshold === null) return `It would have been kept with --set ${safeText(d.step ?? '')}.nulls=keep`;
  return (
    `It would have been kept with a value ${isAbove(d) ? 'below' : 'above'} ${short(d.threshold)}, or ` +
    `with a larger --set ${safeText(d.step ?? '')}.rate`
  );
}

const measured = (d: Explanation, column: string): number | string | null =>
  d.decisions.flatMap((s) => s.values).find((v) => v.column === column)?.value ?? null;

/** What a selection made of a document that it kept; one without a value says why it has none. */
export function selectedText(d: Explanation, { options, step }: StepDescriptor): string {
  const column = String(options.column);
  const value = measured(d, column);
  if (typeof value === 'number') return `${safeText(column)} ${short(value)} is in the kept range`;
  const why = measured(d, `${column}_unscored`);
  const reason = why === null ? '' : ` (${unscoredReason(String(why))})`;
  return `no ${safeText(column)} to rank by${reason}: kept; --set ${safeText(step)}.nulls=drop would drop it`;
}

/** Why a scorer has measured nothing; null when it has. */
export function unscoredText(step: StepDecision): string | null {
  const why = step.values.find((v) => v.column.endsWith('_unscored') && v.value !== null);
  return why ? `no ${safeText(why.column.slice(0, -'_unscored'.length))}: ${unscoredReason(String(why.value))}` : null;
}

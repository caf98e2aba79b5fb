import { copyMeaning } from '../../ledger/copy-meaning.ts';
import type { StepDecision } from '../../ledger/decisions.ts';
import type { Explanation, Twin } from '../../ledger/explain-data.ts';
import { isEarlier } from '../../operators/dedup/tables/earlier-run.ts';
import { safeText } from '../../safe-text.ts';
import {
  createsDocuments,
  dropsFor,
  isBarrier,
  isRules,
  removesCopies,
  rewritesText,
  type StepDescriptor,
} from '../../streams/operator.ts';
import { plural, short } from '../terminal/format.ts';
import { type Terminal, wrapped } from '../terminal/terminal.ts';
import { cutsOnly, cutText } from './explain-cuts.ts';
import { judgedLines } from './explain-rules.ts';
import { cutOf, selectedText, unscoredText } from './explain-select.ts';

/** Another document, by its id and its position. */
export const name = (t: Twin): string =>
  t.id === null || t.id === t.position ? safeText(t.position) : `${safeText(t.id)} (${safeText(t.position)})`;

function outOfScope(d: Explanation, { where }: StepDescriptor): string {
  if (where === null || !('column' in where)) return `does not apply to domain ${safeText(d.domain ?? '')}`;
  const value = d.decisions.flatMap((s) => s.values).find((v) => v.column === where.column)?.value;
  return `does not apply where ${safeText(where.column)} is ${safeText(String(value ?? 'null'))}`;
}

/** What a step found, and what it made of the document. */
export function stepLines(
  terminal: Terminal,
  d: Explanation,
  step: StepDecision,
  spans: Explanation['cutSpans'],
  descriptor: StepDescriptor,
  number: number,
  all: boolean,
): string[] {
  const { style } = terminal;
  const longest = Math.max(...d.decisions.map((s) => s.step.length));
  const head = (text: string): string =>
    `${String(number).padStart(3)} ${style.bold(safeText(step.step).padEnd(longest))}  ${text}`;
  if (step.state === 'not yet made') return [head(style.dim('came before this document was created'))];
  if (step.state === 'out of scope') return [head(style.dim(outOfScope(d, descriptor)))];
  const measures = !rewritesText(step) && !isBarrier(step) && dropsFor(step) === null;
  const found = all && measures ? [] : foundLines(terminal, step);
  if (isRules(step)) return [...judgedLines(terminal, step, head, all), ...found];
  if (step.state === 'not reached') return [head(style.dim('not reached'))];
  if (createsDocuments(step)) return [head(style.dim('creates documents')), ...found];
  if (removesCopies(step)) return [head(copyText(terminal, d, step, spans, descriptor))];
  if (isBarrier(step)) {
    if (step.state === 'dropped') return [head(style.red(cutOf(d)))];
    return wrapped(
      step.values.some((v) => v.value !== null)
        ? valuesText(step).replaceAll('\u00a0', ' ')
        : step.values.length > 0
          ? `no ${step.values.map((v) => safeText(v.column)).join(', ')}`
          : selectedText(d, descriptor),
      terminal.width - longest - 7,
    ).map((line, i) => (i === 0 ? head(line) : ' '.repeat(longest + 6) + line));
  }
  if (rewritesText(step)) {
    if (step.rules.length === 0) return [head(cutText(spans)), ...found];
    return judgedLines(terminal, step, (text) => head(`${cutText(spans)}; ${text}`), all);
  }
  if (!measures)
    return [head(step.state === 'dropped' ? style.red('dropped by your function') : 'kept by your function')];
  const unscored = unscoredText(step);
  if (unscored !== null && !all) return [head(style.yellow(unscored))];
  const present = step.values.filter((v) => v.value !== null);
  return [
    head(style.dim(`${plural(present.length, 'value')} measured`)),
    ...(all ? valueLines(terminal, step) : found),
  ];
}

function copyText(
  { style }: Terminal,
  d: Explanation,
  { state }: StepDecision,
  spans: Explanation['cutSpans'],
  descriptor: StepDescriptor,
): string {
  const twin = d.duplicateOf;
  if (cutsOnly(descriptor) && state === 'dropped') return style.red(copyMeaning(d.rule ?? ''));
  if (spans.length > 0) return cutText(spans);
  if (state !== 'dropped') return cutsOnly(descriptor) ? 'cut nothing' : 'not a duplicate of an earlier document';
  const similarity = similarityText(twin);
  const copy = d.rule === 'near_duplicate' ? 'near duplicate' : 'duplicate';
  return style.red(`${copy} of ${twin ? name(twin) : 'another document'}${similarity}`);
}

/** Estimated where the other document is of an earlier run. */
const similarityText = (of: Explanation['duplicateOf']): string =>
  of?.similarity == null ? '' : `, similarity ${isEarlier(of.position) ? '≈ ' : ''}${short(of.similarity)}`;

/** `ppl 31.2  ppl_tokens 118`, with spaces that do not break. */
const valuesText = (step: StepDecision): string =>
  step.values
    .map(
      (v) =>
        `${safeText(v.column)}\u00a0` +
        (v.value === null ? 'null' : typeof v.value === 'number' ? short(v.value) : safeText(v.value)),
    )
    .join('  ');

/** What a step found and named in words, with the numbers beside it. */
function foundLines(terminal: Terminal, step: StepDecision): string[] {
  if (!step.values.some((v) => typeof v.value === 'string')) return [];
  const judged = new Set(step.rules.map((r) => r.column));
  const values = step.values.filter((v) => v.value !== null && !judged.has(v.column));
  return valueLines(terminal, { ...step, values });
}

function valueLines({ width }: Terminal, step: StepDecision): string[] {
  return wrapped(valuesText(step), width, '     ').map((l) => l.replaceAll('\u00a0', ' '));
}

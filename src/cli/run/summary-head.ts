import { GUARD_DEFAULTS } from '../../run/guards/guards.ts';
import { safeText } from '../../safe-text.ts';
import { keptTextBytes, lostDocuments } from '../../streams/commits/counters.ts';
import { program } from '../program.ts';
import { count, duration, percent, plural, shellWord, shownPath, size } from '../terminal/format.ts';
import { type Terminal, wrapped } from '../terminal/terminal.ts';
import type { Reason } from './run-view.ts';
import type { SummaryInput } from './summary-input.ts';
import { conditionOf, stepsOf } from './summary-reasons.ts';

/** From so many documents on a share of next to nothing is no accident. */
const FEW = 100;

/**
 * What a run has come to; a warning when it kept nothing, or less than a guard lets pass that nobody has told
 * otherwise.
 */
export function headLines({ style, width }: Terminal, input: SummaryInput, reasons: readonly Reason[]): string[] {
  const { result, already } = input;
  const t = result.totals!;
  const [read, kept] = [t.read.documents, t.kept.documents];
  const little = kept === 0 || (read >= FEW && kept / read < 1 - GUARD_DEFAULTS.drop_share.max);
  const head = already ? 'This run was done before' : 'Done';
  const of = `${style.bold(count(kept))} of ${plural(read, 'document')} (${percent(kept, read)})`;
  const rest = `${of}, ${size(keptTextBytes(t))} of text, in ${duration(result.seconds)}.`;
  if (!little) return [`${style.bold(style.green(head))}: kept ${rest}`];
  const word = read === 0 ? 'nothing was read' : kept === 0 ? 'nothing was kept' : 'almost nothing was kept';
  const colour = (s: string): string => style.bold(style.yellow(s));
  return [
    `${colour(`${already ? `${head}, and` : 'Done, but'} ${word}`)}: ${rest}`,
    ...adviceOf(input, reasons).flatMap((text) => wrapped(text, width, '  ').map(style.yellow)),
  ];
}

/** What took most, and what to do about it; a sentence each. */
function adviceOf({ result, run }: SummaryInput, reasons: readonly Reason[]): string[] {
  const t = result.totals!;
  const dir = shellWord(shownPath(run));
  const [top] = reasons;
  const { records, byReason } = t.quarantined;
  const lost = lostDocuments(t);
  if (lost > (top?.dropped ?? 0)) {
    const [[reason]] = Object.entries(byReason).sort((a, b) => b[1] - a[1]);
    const look = `Look at one with: ${program()} sql ${dir} "SELECT * FROM quarantine LIMIT 3"`;
    return [
      `${plural(lost, lost === records ? 'record' : 'document')} (${percent(lost, t.read.documents)}) could not be read as documents, most of them: ${safeText(reason)}.`,
      reason === 'missing_text'
        ? `Name the field that holds the text with --text-field. ${program()} inspect FILE lists the fields.`
        : `${look}.`,
    ];
  }
  if (!top)
    return ['The files hold no documents. See what is in them with: sluice inspect FILE'.replace('sluice', program())];
  const step = stepsOf(result).find((s) => s.step === top.step);
  const rule = step?.rules.find((r) => r.name === top.rule);
  const means = rule && step?.kind === 'drop' ? `, ${conditionOf(rule)}` : '';
  const took = `Most went by ${safeText(top.rule)} (step ${safeText(top.step)}${means}): ${plural(top.dropped, 'document')}, ${percent(top.dropped, t.read.documents)}.`;
  const look =
    step?.kind === 'dedup'
      ? `See what is a copy of what: ${program()} clusters ${dir}.`
      : top.counters.examples[0] && safeText(top.counters.examples[0].id) === top.counters.examples[0].id
        ? `See one: ${program()} explain ${dir} ${shellWord(top.counters.examples[0].id)}.`
        : '';
  const turn =
    rule && step?.kind === 'drop'
      ? `If that is not what you want, move the threshold with --set ${safeText(top.step)}.${safeText(rule.option)}=NUMBER, to another --output.`
      : step?.kind === 'select'
        ? `If that is not what you want, select more with --set ${safeText(top.step)}.rate=SHARE, to another --output.`
        : 'If that is not what you want, leave that step out of the recipe, or give it other options.';
  return [took, [look, turn].filter(Boolean).join(' ')];
}
